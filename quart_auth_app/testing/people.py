"""Creates users, and logs them in without a password."""

import inspect
from http.cookies import SimpleCookie
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from quart import Quart, Response

from quart_auth_app import User, log_in
from quart_auth_app.accounts import users
from quart_auth_app.accounts.credentials.second_step import TOTP
from quart_auth_app.testing.browsers import AnyClient, home_of
from quart_auth_app.web.services import services_of

PASSWORD = "sunny otter ladder 42"  # noqa: S105  # it protects nothing
"""The password of users that `make_user` creates."""


class LogInAs(Protocol):
    """The type of the fixture `log_in_as`."""

    async def __call__(self, client: AnyClient, user: User, *, remember: bool = False) -> None:
        """Log the client in, without a password."""


class MakeUser(Protocol):
    """The type of the fixture `make_user`."""

    async def __call__(self, email: str | None = None, *, name: str = "Bob", password: str = PASSWORD) -> User:
        """Create a user; without `email` it gets an unused address."""


@pytest.fixture
def make_user(app: Quart) -> MakeUser:
    """Return a function that creates users, as signing up does."""
    return user_maker(app)


def user_maker(app: Quart) -> MakeUser:
    """Return the function of the fixture `make_user`, for tests with more than one application."""
    numbers = count(1)

    async def make(email: str | None = None, *, name: str = "Bob", password: str = PASSWORD) -> User:
        found = services_of(app)
        email = email or f"bob{next(numbers)}@example.com"
        return await users.create(
            found.database.transaction, found.passwords, email=email, name=name, password=password, site="localhost"
        )

    return make


@pytest.fixture
def log_in_as() -> LogInAs:
    """Return a function that logs a client in without a password."""
    return _log_in_as


async def _log_in_as(client: AnyClient, user: User, *, remember: bool = False) -> None:
    scope = {"client_address": "127.0.0.1", "request_id": "test"}  # what web.edge adds to each request
    base = home_of(client.app)
    headers, scheme = {"Host": urlsplit(base).netloc}, urlsplit(base).scheme
    async with client.app.test_request_context("/", headers=headers, scheme=scheme, scope_base=scope) as context:
        if not await log_in(user, remember=remember, methods=[TOTP]):  # a second step, so that none is missing
            raise ValueError(f"{user.email} can't log in: the account is disabled, or has another password by now")
        process: Any = client.app.process_response
        first, *_ = inspect.signature(process).parameters  # since Quart 0.23 it is the context
        response: Response = await (process(Response("")) if first == "response" else process(context, Response("")))
    for value in response.headers.getlist("Set-Cookie"):
        for name, cookie in SimpleCookie(value).items():
            is_secure = bool(cookie["secure"])
            client.set_cookie(urlsplit(base).netloc, name, cookie.value, path=cookie["path"] or "/", secure=is_secure)
