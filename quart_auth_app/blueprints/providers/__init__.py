"""Providers: logging in with an account of another site, connecting one, disconnecting it."""

from quart_auth_app.blueprints.providers import callback, sign_up
from quart_auth_app.blueprints.providers.log_in import providers

__all__ = ["callback", "providers", "sign_up"]
