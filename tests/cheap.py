"""The application for servers that tests start: with fast hashes, and the worker's number in a header."""

import os

from quart import Quart, Response

import quart_auth_app
from quart_auth_app.accounts.passwords import hashing

APPLICATION = f"{__name__}:create_app()"


def create_app() -> Quart:
    """Return the application, otherwise unchanged."""
    hashing.ROUNDS = 4
    app = quart_auth_app.create_app()

    @app.after_request
    async def name_worker(response: Response) -> Response:
        response.headers["X-Worker"] = str(os.getpid())
        return response

    return app
