"""The account's page, and what its owner can change there."""

from quart_auth_app.blueprints.account import deletion, export, profile
from quart_auth_app.blueprints.account.overview import account

__all__ = ["account", "deletion", "export", "profile"]
