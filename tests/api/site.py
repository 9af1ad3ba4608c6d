"""The application with a route that logs an admin in: a new one every LOG_INS calls, or if the last one is gone."""

from itertools import count

from quart import Quart

from quart_auth_app import clock, log_in
from quart_auth_app.accounts import roles, users
from quart_auth_app.models import User
from quart_auth_app.web.services import reading, services, transaction
from tests import cheap
from tests.people import BOB

APPLICATION = f"{__name__}:create_app()"

DOOR = "/door"

LOG_INS = 20
"""Log-ins of one admin; more than 30 in ten minutes are refused."""


def create_app() -> Quart:
    """Return the application, otherwise unchanged."""
    app = cheap.create_app()

    calls = count()
    newest = 0

    @app.post(DOOR)
    async def door() -> str:
        nonlocal newest
        number = next(calls)
        async with reading() as db:
            admin = await db.get(User, newest) if number % LOG_INS else None
        if admin is None or admin.disabled_at:
            admin = await _new_admin(number)
            newest = admin.id
        await log_in(admin, methods=["password"])
        return ""

    return app


async def _new_admin(number: int) -> User:
    email = f"admin{number}@example.com"
    user = await users.create(
        transaction,
        services().passwords,
        email=email,
        name=BOB["name"],
        password=BOB["password"],
        site=services().settings.site,
    )
    async with transaction() as db:
        await roles.grant(db, user=user, role=roles.ADMIN, known=services().settings.all_roles, now=clock.now())
    return user
