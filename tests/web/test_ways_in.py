"""The log-in matrix: each way in, each set of factors that an account has, and what sudo asks for afterwards."""

import re
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select

from quart_auth_app.accounts import sudo
from quart_auth_app.models import Session
from tests.authenticators import add_passkey
from tests.authenticators import log_in as log_in_with_passkey
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import BOB, Client, Clock, elsewhere, is_logged_in
from tests.second_steps import turn_on
from tests.web.test_account import log_in
from tests.web.test_sign_up_by_mail import with_bob

OUT = "stays out"
FIELDS = {"sudo_password": "password", "sudo_code": "code", "sudo_credential": "passkey"}

MATRIX = [
    # the account has      the way in  how the session came about                     what sudo asks for
    ("password", "password", "password", "password"),
    ("password", "passkey", OUT, ""),
    ("password", "mailed link", "mail", "password"),
    ("password", "mailed code", "mail", "password"),
    ("password, app", "password", "password, then recovery-code", "password, code"),
    ("password, app", "passkey", OUT, ""),
    ("password, app", "mailed link", "mail, then recovery-code", "password, code"),
    ("password, app", "mailed code", "mail, then recovery-code", "password, code"),
    ("password, passkey", "password", "password", "password, passkey"),
    ("password, passkey", "passkey", "passkey", "password, passkey"),
    ("password, passkey", "mailed link", "mail", "password, passkey"),
    ("password, passkey", "mailed code", "mail", "password, passkey"),
    ("password, passkey, app", "password", "password, then recovery-code", "password, code, passkey"),
    ("password, passkey, app", "passkey", "passkey", "password, code, passkey"),
    ("password, passkey, app", "mailed link", "mail, then recovery-code", "password, code, passkey"),
    ("password, passkey, app", "mailed code", "mail, then recovery-code", "password, code, passkey"),
    ("passkey", "password", OUT, ""),
    ("passkey", "passkey", "passkey", "passkey"),
    ("passkey", "mailed link", "mail", "passkey"),
    ("passkey", "mailed code", "mail", "passkey"),
    ("passkey, app", "password", OUT, ""),
    ("passkey, app", "passkey", "passkey", "passkey"),
    ("passkey, app", "mailed link", "mail, then recovery-code", "passkey"),
    ("passkey, app", "mailed code", "mail, then recovery-code", "passkey"),
]
"""Each app has recovery codes: one of them stands for both kinds of code here."""


@pytest.fixture
async def mailing(make_app: MakeApp, inbox: Inbox, time: Clock) -> Quart:
    """An application where people log in by mail, and Bob has an account."""
    return await with_bob(make_app(MAIL_URL=inbox.url, MAILED_LOGIN="yes"), inbox, time)


async def first_factor(client: Client, way: str, inbox: Inbox, remember: dict[str, str]) -> None:
    """Give the first factor by mail or password."""
    if way == "password":
        await client.post("/login", form=BOB | remember, **elsewhere())
        return
    await client.post("/login/mail", form={"email": BOB["email"]} | remember, **elsewhere())
    if way == "mailed code":
        await client.post("/login/code", form={"code": inbox.code(BOB["email"])}, **elsewhere())
    else:
        token = inbox.link(BOB["email"], "/login/link").partition("?")[2]
        await client.post("/login/link", form={"token": token} | remember, **elsewhere())


@pytest.mark.asvs("6.3.3", "6.3.4", "6.4.3")
@pytest.mark.parametrize("remember", [{}, {"remember": "on"}], ids=["", "remembered"])
@pytest.mark.parametrize(("has", "way", "methods", "asks"), MATRIX)
async def test_each_way_in_asks_for_what_the_account_has(
    mailing: Quart,
    inbox: Inbox,
    time: Clock,
    has: str,
    way: str,
    methods: str,
    asks: str,
    remember: dict[str, str],
) -> None:
    factors, owner = has.split(", "), await log_in(mailing)
    authenticator = await add_passkey(owner) if "passkey" in factors else None
    if "password" not in factors:
        assert (await owner.post("/account/passkeys/only")).status_code == 302
    phone = await turn_on(mailing) if "app" in factors else None
    time.advance(timedelta(minutes=2))
    client = mailing.test_client()
    if way == "passkey":
        if authenticator:
            await log_in_with_passkey(client, authenticator, **remember)
    else:
        await first_factor(client, way, inbox, remember)
    if "then" in methods:
        assert phone
        assert not await is_logged_in(client)
        await client.post("/login/second-step", form={"code": phone.recovery_codes[0]}, **elsewhere())
    assert await is_logged_in(client) == (methods != OUT)
    if methods == OUT:
        return
    async with services_of(mailing).database.reading() as db:
        session = (await db.scalars(select(Session).order_by(Session.id.desc()))).first()
    assert session
    assert (session.methods, session.remember) == (methods.replace(", then", ""), bool(remember))
    time.advance(sudo.LASTS)
    page = await (await client.post("/account/export")).get_data(as_text=True)
    assert ", ".join(FIELDS[name] for name in re.findall(r'name="(sudo_\w+)"', page)) == asks
