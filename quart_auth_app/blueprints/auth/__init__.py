"""Logging in and out, and signing up."""

from quart_auth_app.blueprints.auth import confirmation, sign_up
from quart_auth_app.blueprints.auth.log_in import auth

__all__ = ["auth", "confirmation", "sign_up"]
