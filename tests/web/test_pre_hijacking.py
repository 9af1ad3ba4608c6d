"""Account pre-hijacking (Sudhodanan & Paverd, USENIX Security 2022), its five classes: prepared before the owner comes.

The attacker makes an account with the victim's address, and waits until the victim takes it over.
"""

import pytest
from quart import Quart
from sqlalchemy import func, select

from quart_auth_app.models import EmailChange, SignUp, Totp, User
from tests.authenticators import add_passkey
from tests.authenticators import log_in as log_in_with
from tests.conftest import MakeApp, services_of
from tests.databases import SECRET_KEY, NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, elsewhere, is_logged_in
from tests.second_steps import turn_on
from tests.web.test_account import log_in
from tests.web.test_recovery import logs_in
from tests.web.test_sign_up_by_mail import LATER, confirmed, sign_up

VICTIMS = "quiet marble canoe 93"


@pytest.fixture
def mailing(make_app: MakeApp, inbox: Inbox, time: Clock) -> Quart:
    """An application that sends mail."""
    return make_app(MAIL_URL=inbox.url)


@pytest.fixture
async def prepared(make_app: MakeApp, new_database: NewDatabase, inbox: Inbox, time: Clock) -> tuple[Quart, Client]:
    """An application that sends mail by now, where an attacker with a session made Bob's account while it sent none."""
    settings = {"DATABASE_URL": new_database(), "SECRET_KEY": SECRET_KEY}
    await make_app(**settings).test_client().post("/signup", form=BOB)
    app = make_app(**settings, MAIL_URL=inbox.url)
    return app, await log_in(app)


async def reset(app: Quart, inbox: Inbox) -> None:
    """Let the victim take the account over: by the mail that only they can read."""
    victim = app.test_client()
    await victim.post("/forgot-password", form={"email": BOB["email"]}, **elsewhere())
    token = inbox.link(BOB["email"], "/reset-password").partition("?")[2]
    assert (await victim.post("/reset-password", form={"token": token, "password": VICTIMS})).status_code == 302


async def test_classic_federated_merge(mailing: Quart, inbox: Inbox, time: Clock) -> None:
    """Nothing is merged: whoever answers the mail has the account with the password of their own sign-up, and alone."""
    attacker, victim = mailing.test_client(), mailing.test_client()
    await sign_up(attacker, BOB)
    time.advance(LATER)
    await sign_up(victim, BOB | {"password": VICTIMS})
    await victim.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    assert (await logs_in(mailing, VICTIMS), await logs_in(mailing, BOB["password"])) == (True, False)
    async with services_of(mailing).database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(SignUp)) == 0


@pytest.mark.asvs("7.4.3")
async def test_unexpired_session(prepared: tuple[Quart, Client], inbox: Inbox) -> None:
    app, attacker = prepared
    await reset(app, inbox)
    assert not await is_logged_in(attacker)
    assert await logs_in(app, VICTIMS)


async def test_trojan_identifier(prepared: tuple[Quart, Client], inbox: Inbox) -> None:
    """An authenticator app is an identifier too: the attacker's goes with the first proof of the address."""
    app, _ = prepared
    await turn_on(app)
    await reset(app, inbox)
    assert await logs_in(app, VICTIMS), "no second step is asked for"
    async with services_of(app).database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Totp)) == 0


@pytest.mark.asvs("6.4.3")
async def test_a_trojan_passkey(prepared: tuple[Quart, Client], inbox: Inbox) -> None:
    """A passkey that the attacker has added is no way in after the first proof of the address."""
    app, attacker = prepared
    authenticator = await add_passkey(attacker)
    await reset(app, inbox)
    client = app.test_client()
    await log_in_with(client, authenticator)
    assert not await is_logged_in(client)


async def test_trojan_identifier_that_is_not_confirmed_yet(mailing: Quart, inbox: Inbox, time: Clock) -> None:
    """Whoever sat at the owner's session has seen the seed of a set-up: it goes with a new password."""
    await confirmed(mailing, inbox)
    thief = await log_in(mailing)
    for act in ("reset", "change"):
        await thief.post("/account/second-step")
        if act == "reset":
            time.advance(LATER)
            await reset(mailing, inbox)
            thief = await log_in(mailing, BOB, password=VICTIMS)
        else:
            form = {"current_password": VICTIMS, "password": BOB["password"]}
            await thief.post("/account/password", form=form)
        async with services_of(mailing).database.reading() as db:
            assert await db.scalar(select(func.count()).select_from(Totp)) == 0


async def test_unexpired_email_change(prepared: tuple[Quart, Client], inbox: Inbox) -> None:
    app, attacker = prepared
    await attacker.post("/account/email", form={"email": EVE["email"]})
    link = inbox.link(EVE["email"], "/account/email/confirm")
    await reset(app, inbox)
    again = await log_in(app, BOB, password=VICTIMS)
    assert (await again.get(link)).status_code == 410
    await again.post("/account/email/confirm", form={"token": link.partition("?")[2]})
    async with services_of(app).database.reading() as db:
        assert (await db.scalars(select(User.email))).all() == [BOB["email"]]
        assert await db.scalar(select(func.count()).select_from(EmailChange)) == 0


def test_non_verifying_identity_provider(mailing: Quart) -> None:
    """No way in believes anybody else about an address but a provider, and tests/web/test_providers.py how little."""
    ways = {
        rule.rule for rule in mailing.url_map.iter_rules() if "/login" in rule.rule and "POST" in (rule.methods or ())
    }
    by_mail, by_provider = {"/login/mail", "/login/code", "/login/link"}, {"/login/with/<provider>/sign-up"}
    assert ways == {"/login", "/login/second-step", "/login/passkey", "/login/with/<provider>"} | by_provider | by_mail
