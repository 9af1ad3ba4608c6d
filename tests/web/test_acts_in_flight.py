"""A session that is revoked while its request is under way changes nothing any more: no way in outlives the thief's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from quart import Quart, Response
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import sessions, sudo, users
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import (
    AccessKey,
    EmailChange,
    Identity,
    Mail,
    Passkey,
    RecoveryCode,
    SecurityEvent,
    Session,
    Totp,
    User,
)
from tests.authenticators import Authenticator, add_passkey, options
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, is_logged_in
from tests.providers.fake import Fake
from tests.second_steps import shown_code, turn_on
from tests.waits import until_another_waits
from tests.web.test_account import log_in
from tests.web.test_admin import admin, eve
from tests.web.test_admin_site import queue
from tests.web.test_providers import address, fake, settings
from tests.web.test_sign_up_by_mail import with_bob

__all__ = ["admin", "eve", "fake"]


@pytest.fixture
def app(make_app: MakeApp, fake: Fake) -> Quart:
    """An application that knows a provider."""
    return make_app(**settings(fake))


async def another_password(db: AsyncSession, user: User) -> None:
    """Do what a mailed link does, and an operator's command."""
    await db.execute(update(User).where(User.id == user.id).values(password_version=User.password_version + 1))
    await sessions.revoke_all(db, user=user)


async def disabled_and_enabled(db: AsyncSession, user: User) -> None:
    """Disable the account, and enable it later."""
    await users.disable(db, user=user, now=clock.now(), even_last_admin=True)
    await users.enable(db, user=user, now=clock.now())


async def revoked(db: AsyncSession, user: User) -> None:
    """Revoke the sessions alone."""
    await sessions.revoke_all(db, user=user)


def before_it_writes(
    app: Quart, happens: Callable[[AsyncSession, User], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let something happen between the look-up of the next request's session and what the request writes first."""
    database, begin = services_of(app).database, services_of(app).database.transaction
    done: list[bool] = []

    @asynccontextmanager
    async def transaction() -> AsyncIterator[AsyncSession]:
        if not done:
            done.append(True)
            async with begin() as db:
                await happens(db, await db.get_one(User, 1))
        async with begin() as db:
            yield db

    monkeypatch.setattr(database, "transaction", transaction)


Send = Callable[[], Awaitable[Response]]
Act = Callable[[Quart, Client, Fake], Awaitable[Send]]
"""Prepares an act on an account, and returns what sends it."""


async def access_key(app: Quart, client: Client, fake: Fake) -> Send:
    """Make an access key."""
    return partial(client.post, "/account/access-keys", form={"name": "x", "days": "9"})


async def passkey(app: Quart, client: Client, fake: Fake) -> Send:
    """Add a passkey."""
    credential = Authenticator().create(await options(await client.get("/account/passkeys"), "create"))
    return partial(client.post, "/account/passkeys", form={"name": "x", "credential": credential})


async def provider(app: Quart, client: Client, fake: Fake) -> Send:
    """Connect an account at a provider."""
    return partial(client.get, fake.back(await address(await client.post("/account/providers/fake"))))


async def passkey_gone(app: Quart, client: Client, fake: Fake) -> Send:
    """Remove a passkey."""
    await add_passkey(client)
    return partial(client.post, "/account/passkeys/1/delete")


async def provider_gone(app: Quart, client: Client, fake: Fake) -> Send:
    """Disconnect an account at a provider."""
    await (await provider(app, client, fake))()
    return partial(client.post, "/account/providers/fake/disconnect")


async def recovery_codes(app: Quart, client: Client, fake: Fake) -> Send:
    """Replace the recovery codes."""
    await turn_on(app)
    return partial(client.post, "/account/second-step/recovery-codes")


async def second_step_off(app: Quart, client: Client, fake: Fake) -> Send:
    """Turn the second step off."""
    await turn_on(app)
    return partial(client.post, "/account/second-step/off")


async def second_step_on(app: Quart, client: Client, fake: Fake) -> Send:
    """Turn the second step on."""
    await client.post("/account/second-step")
    return partial(client.post, "/account/second-step/confirm", form={"code": await shown_code(client)})


ACTS = [
    access_key,
    passkey,
    provider,
    passkey_gone,
    provider_gone,
    recovery_codes,
    second_step_off,
    second_step_on,
]


async def address_at_once(app: Quart, client: Client, fake: Fake) -> Send:
    """Change the address where no mail is sent."""
    return partial(client.post, "/account/email", form={"email": "thief@example.com"})


async def deletion(app: Quart, client: Client, fake: Fake) -> Send:
    """Have the account deleted."""
    return partial(client.post, "/account/delete")


async def other_sessions(app: Quart, client: Client, fake: Fake) -> Send:
    """End all other sessions: those with which the owner has come back."""
    return partial(client.post, "/account/sessions/revoke", form={"session": sessions.OTHERS})


async def seed(app: Quart, client: Client, fake: Fake) -> Send:
    """Begin to set up an authenticator app."""
    return partial(client.post, "/account/second-step")


async def no_key(app: Quart, client: Client, fake: Fake) -> Send:
    """Revoke an access key."""
    await (await access_key(app, client, fake))()
    return partial(client.post, "/account/access-keys/1/revoke")


async def name(app: Quart, client: Client, fake: Fake) -> Send:
    """Change the name."""
    return partial(client.post, "/account/name", form={"name": "Thief"})


async def language(app: Quart, client: Client, fake: Fake) -> Send:
    """Choose a language, in which the owner's mails would be written."""
    return partial(client.post, "/language", form={"language": "es"})


async def passkey_name(app: Quart, client: Client, fake: Fake) -> Send:
    """Give a passkey the name of another device."""
    await add_passkey(client)
    return partial(client.post, "/account/passkeys/1/name", form={"name": "Thief"})


async def export(app: Quart, client: Client, fake: Fake) -> Send:
    """Download what is kept about the account."""
    return partial(client.post, "/account/export")


async def kept(app: Quart, client: Client, fake: Fake) -> Send:
    """Cancel the deletion."""
    async with services_of(app).database.transaction() as db:
        await db.execute(update(User).values(delete_at=clock.now()))
    return partial(client.post, "/account/delete/cancel")


async def ways_in(database: Database) -> list[list[object]]:
    """Return what decides who gets in to the one account there is."""
    columns = (AccessKey.id, Passkey.id, Identity.id, RecoveryCode.code_hash, Totp.confirmed_at)
    async with database.reading() as db:
        return [[*await db.scalars(select(column).order_by(column))] for column in columns]


@pytest.mark.asvs("15.4.2")
@pytest.mark.parametrize("happens", [another_password, disabled_and_enabled, revoked])
@pytest.mark.parametrize("act", ACTS)
async def test_who_is_thrown_out_meanwhile_changes_no_way_in(
    app: Quart,
    client: Client,
    bob: dict[str, str],
    fake: Fake,
    act: Act,
    happens: Callable[[AsyncSession, User], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await client.post("/login", form=bob)
    send, database = await act(app, client, fake), services_of(app).database
    before = await ways_in(database)
    before_it_writes(app, happens, monkeypatch)
    assert (await send()).status_code < 500
    assert await ways_in(database) == before
    assert not await is_logged_in(client)


@pytest.mark.asvs("15.4.2")
async def test_a_request_that_waits_for_the_owners_recovery_leaves_no_key_behind(
    client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    async with database.transaction() as db:
        await another_password(db, (await db.scalars(select(User))).one())
        making = asyncio.ensure_future(client.post("/account/access-keys", form={"name": "x", "days": "9"}))
        await until_another_waits(database, db, making)
    assert (await making).status_code == 302
    assert (await ways_in(database))[0] == []


async def test_a_second_click_that_gives_the_proof_again_finds_the_session_renewed(
    client: Client, bob: dict[str, str], database: Database, time: Clock
) -> None:
    await client.post("/login", form=bob)
    await client.get("/account/access-keys")
    time.advance(sudo.LASTS)
    form = {"name": "x", "days": "9", "sudo_password": BOB["password"]}
    both = await asyncio.gather(*(client.post("/account/access-keys", form=form) for _ in range(2)))
    assert [each.status_code for each in both] == [200, 200]
    assert len((await ways_in(database))[0]) == 1


@pytest.mark.asvs("15.4.2")
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/admin/users/2/grant", {"role": "admin"}),
        ("/admin/users/2/disable", {}),
        ("/admin/users/2/delete", {"email": EVE["email"]}),
        ("/admin/users/add", {"email": "cid@example.com", "name": "Cid", "password": "quiet marble canoe 93"}),
    ],
)
@pytest.mark.parametrize("how", ["role withdrawn", "sessions revoked"])
async def test_who_is_no_admin_any_more_finishes_no_act(
    app: Quart,
    admin: Client,
    eve: Client,
    path: str,
    form: dict[str, str],
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def happens(db: AsyncSession, user: User) -> None:
        if how == "role withdrawn":
            await db.execute(update(User).where(User.id == user.id).values(roles=[]))
        else:
            await sessions.revoke_all(db, user=user)

    before_it_writes(app, happens, monkeypatch)
    assert (await admin.post(path, form=form)).status_code < 500
    async with services_of(app).database.reading() as db:
        rows = [tuple(row) for row in await db.execute(select(User.id, User.roles, User.disabled_at))]
    assert sorted(rows)[1:] == [(2, [], None)]


@pytest.mark.asvs("15.4.2")
@pytest.mark.parametrize("which", ["1/retry", "retry"])
async def test_who_is_no_admin_any_more_has_no_mail_sent_again(
    app: Quart, admin: Client, time: Clock, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue(app, 2, time, "550 no such user")
    before_it_writes(app, revoked, monkeypatch)
    assert (await admin.post(f"/admin/mail/{which}")).status_code < 500
    async with services_of(app).database.reading() as db:
        assert None not in (await db.scalars(select(Mail.failed))).all()


REMAIN = [address_at_once, deletion, other_sessions, seed, no_key, name, language, passkey_name, export, kept]


async def remains(db: AsyncSession) -> list[object]:
    """Return what a thief could leave in the one account there is, besides ways in."""
    user = (await db.scalars(select(User).execution_options(populate_existing=True))).one()
    columns = (EmailChange.new_email, Totp.new_seed, Session.id, AccessKey.id, Passkey.name, SecurityEvent.kind)
    rows = [[*await db.scalars(select(column).order_by(column))] for column in columns]
    return [user.email, user.name, user.language, user.delete_at, *rows]


async def the_owner_is_back(db: AsyncSession, user: User) -> None:
    """Do what the owner does: choose another password, and log in."""
    await another_password(db, user)
    await db.refresh(user)
    here = {"address": "10.0.0.9", "user_agent": ""}
    assert await sessions.start(db, user=user, remember=False, now=clock.now(), replaces=None, **here)


@pytest.mark.asvs("15.4.2")
@pytest.mark.parametrize("act", REMAIN)
async def test_who_is_thrown_out_meanwhile_changes_nothing_else_either(
    app: Quart,
    client: Client,
    bob: dict[str, str],
    fake: Fake,
    act: Act,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await client.post("/login", form=bob)
    send, before = await act(app, client, fake), []

    async def happens(db: AsyncSession, user: User) -> None:
        await the_owner_is_back(db, user)
        before.append(await remains(db))

    before_it_writes(app, happens, monkeypatch)
    response = await send()
    assert response.status_code < 500
    assert "Content-Disposition" not in response.headers, "it got the account's data"
    async with services_of(app).database.reading() as db:
        assert [await remains(db)] == before


THIEF = "thief@example.com"


@pytest.mark.asvs("15.4.2")
@pytest.mark.parametrize("happens", [the_owner_is_back, revoked])
@pytest.mark.parametrize("how", ["asked", "code", "link"])
async def test_who_is_thrown_out_meanwhile_changes_no_address(
    make_app: MakeApp,
    inbox: Inbox,
    time: Clock,
    how: str,
    happens: Callable[[AsyncSession, User], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = await with_bob(make_app(MAIL_URL=inbox.url), inbox, time)
    client, path, form = await log_in(app), "/account/email", {"email": THIEF}
    if how != "asked":
        await client.post(path, form=form)
        path = "/account/email/code" if how == "code" else "/account/email/confirm"
        token = inbox.link(THIEF, "/account/email/confirm").partition("?")[2]
        form = {"code": inbox.code(THIEF)} if how == "code" else {"token": token}
    before_it_writes(app, happens, monkeypatch)
    assert (await client.post(path, form=form)).status_code < 500
    async with services_of(app).database.reading() as db:
        email, _, _, _, changes, *_ = await remains(db)
    assert (email, how == "asked" and changes) == (BOB["email"], how == "asked" and [])
