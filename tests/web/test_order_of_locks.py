"""Whoever changes an account locks its user first, so that no two acts each hold what the other waits for.

SQLite has one lock for the whole database; the tests say something on PostgreSQL only.
"""

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import TypeVar

import pytest
from quart import Quart
from sqlalchemy import select

from quart_auth_app import clock
from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.throttling.limits import SUDO_BY_SESSION
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import (
    AccessKey,
    Attempts,
    EmailChange,
    Identity,
    Passkey,
    PendingLogIn,
    RecoveryCode,
    Session,
    Totp,
    User,
)
from tests.authenticators import add_passkey, options
from tests.conftest import services_of
from tests.people import BOB, Client, is_logged_in
from tests.providers.fake import Fake
from tests.second_steps import turn_on
from tests.waits import until_another_waits
from tests.web.test_acts_in_flight import ACTS, REMAIN, Act, Send, app, provider
from tests.web.test_providers import address, fake, make_old

__all__ = ["app", "fake"]

T = TypeVar("T")

KEY = {"name": "x", "days": "9"}


async def log_in_with_code(app: Quart, client: Client, fake: Fake) -> Send:
    """Log in by the code of the second step."""
    phone, other = await turn_on(app), app.test_client()
    await other.post("/login", form=BOB)
    return partial(other.post, "/login/second-step", form={"code": phone.recovery_codes[0]})


async def log_in_with_passkey(app: Quart, client: Client, fake: Fake) -> Send:
    """Log in by a passkey."""
    authenticator = await add_passkey(client)
    return partial(authenticator.log_in, app.test_client())


async def log_in_with_provider(app: Quart, client: Client, fake: Fake) -> Send:
    """Log in by an account at a provider."""
    await (await provider(app, client, fake))()
    other = app.test_client()
    return partial(other.get, fake.back(await address(await other.post("/login/with/fake"))))


async def log_in_again(app: Quart, client: Client, fake: Fake) -> Send:
    """Log in by a password in a browser that is logged in."""
    return partial(client.post, "/login", form=BOB)


async def log_out(app: Quart, client: Client, fake: Fake) -> Send:
    """Log out."""
    return partial(client.post, "/logout")


async def language(app: Quart, client: Client, fake: Fake) -> Send:
    """Choose a language."""
    return partial(client.post, "/language", form={"language": "es"})


async def prove_with_password(app: Quart, client: Client, fake: Fake) -> Send:
    """Give the password again."""
    await make_old(services_of(app).database)
    return partial(client.post, "/account/access-keys", form=KEY | {"sudo_password": BOB["password"]})


async def prove_with_code(app: Quart, client: Client, fake: Fake) -> Send:
    """Give the password and a code again."""
    phone = await turn_on(app)
    await make_old(services_of(app).database)
    proof = {"sudo_password": BOB["password"], "sudo_code": phone.recovery_codes[0]}
    return partial(client.post, "/account/access-keys", form=KEY | proof)


async def prove_with_passkey(app: Quart, client: Client, fake: Fake) -> Send:
    """Give a passkey instead."""
    authenticator = await add_passkey(client)
    await make_old(services_of(app).database)
    credential = authenticator.get(await options(await client.post("/account/access-keys", form=KEY)))
    return partial(client.post, "/account/access-keys", form=KEY | {"sudo_credential": credential})


async def fail_for_the_last_time(app: Quart, client: Client, fake: Fake) -> Send:
    """Give a wrong password so often that the session is revoked."""
    await make_old(services_of(app).database)
    wrong = partial(client.post, "/account/access-keys", form=KEY | {"sudo_password": "wrong"})
    for _ in range(SUDO_BY_SESSION.attempts - 1):
        await wrong()
    return wrong


OTHERS = [
    log_in_with_code,
    log_in_with_passkey,
    log_in_with_provider,
    log_in_again,
    log_out,
    language,
    prove_with_password,
    prove_with_code,
    prove_with_passkey,
    fail_for_the_last_time,
]
TABLES = (Session, PendingLogIn, Totp, RecoveryCode, Passkey, Identity, AccessKey, EmailChange, Attempts)


async def while_the_user_is_held(database: Database, act: Awaitable[T]) -> T:
    """Return the answer of an act that begins while another one, such as the undoing of a new address, has the user."""
    async with database.transaction() as db:
        await db.execute(select(User.id).with_for_update())
        acting = asyncio.ensure_future(act)
        await until_another_waits(database, db, acting)
        for table in TABLES:
            await db.execute(select(table).with_for_update(nowait=True))  # fails if the act holds a row
    return await acting


@pytest.mark.parametrize("act", [*ACTS, *REMAIN, *OTHERS])
async def test_an_act_waits_for_the_user_before_it_holds_anything(
    app: Quart,
    client: Client,
    bob: dict[str, str],
    fake: Fake,
    act: Act,
) -> None:
    await client.post("/login", form=bob)
    send = await act(app, client, fake)
    response = await while_the_user_is_held(services_of(app).database, send())
    assert response.status_code < 500


@pytest.mark.parametrize("which", ["one", "everybody's"])
async def test_so_does_an_operator_who_revokes_sessions(
    client: Client, bob: dict[str, str], database: Database, which: str
) -> None:
    await client.post("/login", form=bob)

    async def revoke() -> None:
        async with database.transaction() as db:
            if which == "one":
                await sessions.revoke_one(db, session_id=1, now=clock.now())
            else:
                await sessions.revoke_everybodys(db, now=clock.now())

    await while_the_user_is_held(database, revoke())
    assert not await is_logged_in(client)
