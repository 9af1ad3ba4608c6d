"""The application with bcrypt's lowest cost, to see what a log-in takes besides its hash."""

from quart import Quart

import quart_auth_app
from quart_auth_app.accounts.passwords import hashing

ROUNDS = 4
"""The least that bcrypt accepts."""


def create_app() -> Quart:
    """Return the application."""
    hashing.ROUNDS = ROUNDS
    return quart_auth_app.create_app()
