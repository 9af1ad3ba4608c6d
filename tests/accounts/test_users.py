"""Signing up and proving who one is, without the web."""

import asyncio
import unicodedata
from typing import Any

import idna
import pytest
from quart import Quart
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.errors import (
    AlreadyConfirmed,
    EmailTaken,
    InvalidEmail,
    InvalidName,
    InvalidPassword,
    PasswordTooLong,
    PasswordTooShort,
)
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.signing_up import identity_sign_ups, sign_up_confirmations
from quart_auth_app.accounts.users import adding
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import SignUp, User
from quart_auth_app.settings.providers import ProviderSettings
from tests.conftest import MakeApp, services_of
from tests.people import BOB, EVE, WRONG_DETAILS, Accounts, elsewhere, is_logged_in, notice
from tests.waits import until_another_waits


async def count_users(database: Database) -> int:
    async with database.reading() as db:
        return await db.scalar(select(func.count()).select_from(User)) or 0


@pytest.mark.asvs("11.4.2", "14.2.4")
async def test_the_password_is_stored_as_bcrypt_sha256_with_twelve_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert (await Passwords().hash("x")).startswith("$bcrypt-sha256$v=2,t=2b,r=12$")


@pytest.mark.parametrize(
    "spelling", ["BOB@EXAMPLE.COM", " bob@example.com ", "\uff42ob@example.com", "bob@\uff25xample.com"]
)
async def test_an_address_is_the_same_in_any_case_and_unicode_form(accounts: Accounts, spelling: str) -> None:
    user = await accounts.sign_up(**BOB)
    found = await accounts.log_in(email=spelling, password=BOB["password"])
    assert found is not None
    assert found.id == user.id
    with pytest.raises((EmailTaken, InvalidEmail)):
        await accounts.sign_up(**EVE | {"email": spelling})


async def test_the_address_keeps_the_case_in_which_it_was_written(accounts: Accounts) -> None:
    user = await accounts.sign_up(**BOB | {"email": "Bob.Builder@Example.COM"})
    assert user.email == "Bob.Builder@example.com"


@pytest.mark.parametrize("email", ["me@localhost", "me@intranet.local", "jos\u00e9@b\u00fccher.test", "a+b@a.test"])
async def test_internal_and_international_addresses_are_welcome(accounts: Accounts, email: str) -> None:
    assert (await accounts.sign_up(**BOB | {"email": email})).email == email


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", "\u0646\u0627\u0645\u0647\u0627\u06cc.com"),
        ("\u0915\u094d\u200d\u0937.test", "\u0915\u094d\u0937.test"),
        ("fa\u00df.example", "fass.example"),
    ],
    ids=["Persian joiner", "Hindi joiner", "German sharp s"],
)
async def test_two_domains_that_idna_keeps_apart_are_two_accounts(accounts: Accounts, one: str, other: str) -> None:
    """Whether they are typed as they are, or as browsers send them."""
    for domain in (one, other):
        user = await accounts.sign_up(**BOB | {"email": f"bob@{domain}"})
        assert user.email == f"bob@{domain}"
        with pytest.raises(EmailTaken):
            await accounts.sign_up(**BOB | {"email": f"bob@{idna.encode(domain).decode()}"})


@pytest.mark.parametrize("domain", ["", "no domain", "a..example", "-"])
def test_what_is_no_domain_has_a_key_too(domain: str) -> None:
    assert email_addresses.key(f"Bob@{domain.upper()}") == f"bob@{domain}"


@pytest.mark.parametrize("length", [254, 60_000])
def test_no_time_is_spent_on_a_domain_that_is_too_long(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    monkeypatch.setattr(idna, "uts46_remap", None)
    assert email_addresses.key("bob@" + "X" * length) == "bob@" + "x" * length


@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize(
    "email",
    ["", "bob", "bob@", "@example.com", "a b@example.com", "bob@a\nb.com", "b" * 300, "bob\u2800@example.com"],
)
async def test_what_is_no_address_is_refused(accounts: Accounts, email: str) -> None:
    with pytest.raises(InvalidEmail):
        await accounts.sign_up(**BOB | {"email": email})


@pytest.mark.asvs("1.3.3", "2.2.1")
@pytest.mark.parametrize("name", ["", "   ", "Bob\x1b[2J", "Bob\r\nBcc: eve", "x" * 101])
async def test_what_is_no_name_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(InvalidName):
        await accounts.sign_up(**BOB | {"name": name})


@pytest.mark.asvs("6.2.9")
@pytest.mark.parametrize("password", ["sunny ox 7", ("otter ladder " * 80)[:1024]])
async def test_a_password_of_up_to_1024_characters_works(accounts: Accounts, password: str) -> None:
    await accounts.sign_up(**BOB | {"password": password})
    assert await accounts.log_in(email=BOB["email"], password=password)
    assert not await accounts.log_in(email=BOB["email"], password=password[:-1])


@pytest.mark.asvs("6.2.1")
@pytest.mark.parametrize(
    ("password", "refusal"), [("\u6f22\u5b57" * 3 + "x", PasswordTooShort), ("otter ladder " * 80, PasswordTooLong)]
)
async def test_a_password_that_is_too_short_or_too_long_is_refused(
    accounts: Accounts, password: str, refusal: type[InvalidPassword]
) -> None:
    with pytest.raises(refusal):
        await accounts.sign_up(**BOB | {"password": password})


@pytest.mark.asvs("2.3.4", "15.4.2")
async def test_fifty_sign_ups_of_one_address_at_once_give_one_user(
    app: Quart, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [app.test_client() for _ in range(50)]
    answers = await asyncio.gather(*(client.post("/signup", form=BOB, **elsewhere()) for client in clients))
    assert sorted(answer.headers["Location"] for answer in answers) == ["/login"] + ["/signup"] * 49
    notices = [await notice(client, "/signup") for client in clients]
    assert notices.count("Email address already exists. Go to login page.") == 49
    assert await count_users(database) == 1


async def test_an_in_memory_database_stands_the_same_rush(make_app: MakeApp) -> None:
    app = make_app(DATABASE_URL="sqlite://")
    clients = [app.test_client() for _ in range(20)]
    await asyncio.gather(*(client.post("/signup", form=BOB, **elsewhere()) for client in clients))
    for client in clients:
        await client.post("/login", form=BOB, **elsewhere())
    assert all([await is_logged_in(client) for client in clients])
    assert await count_users(services_of(app).database) == 1


async def test_applications_in_one_process_share_nothing(make_app: MakeApp) -> None:
    one, other = make_app(DATABASE_URL="sqlite://"), make_app(DATABASE_URL="sqlite://")
    client = other.test_client()
    await one.test_client().post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    assert await notice(client, "/login") == WRONG_DETAILS


@pytest.mark.asvs("6.2.8")
async def test_a_password_typed_in_another_unicode_form_is_the_same(accounts: Accounts) -> None:
    password = "caf\u00e9 lantern pillow"
    await accounts.sign_up(**BOB | {"password": password})
    other = unicodedata.normalize("NFD", password)
    assert other != password
    assert await accounts.log_in(email=BOB["email"], password=other)


@pytest.mark.asvs("6.2.8")
@pytest.mark.parametrize("change", [str.upper, lambda password: password + " ", lambda password: " " + password])
async def test_a_password_is_compared_exactly(accounts: Accounts, change: object) -> None:
    assert callable(change)
    await accounts.sign_up(**BOB)
    assert not await accounts.log_in(email=BOB["email"], password=change(BOB["password"]))


async def test_a_provider_and_a_mail_that_prove_an_address_at_once_make_one_account(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail's link is opened while the provider's account is made; on PostgreSQL the two must not deadlock."""
    sign_up = SignUp(email=BOB["email"], email_key=BOB["email"], name="Bob", password="no hash", created_at=clock.now())
    async with database.transaction() as db:
        db.add(sign_up)
    is_added, add = asyncio.Event(), adding.add

    async def add_slowly(db: AsyncSession, **values: Any) -> User:
        user = await add(db, **values)
        is_added.set()
        await until_another_waits(database, db)
        return user

    monkeypatch.setattr(adding, "add", add_slowly)
    provider = ProviderSettings(name="fake", issuer="i", client_id="c", client_secret="s", label="Fake")
    proven = Proven(issuer="i", subject="s", email=BOB["email"], email_verified=True, name="Bob")
    known = asyncio.create_task(
        identity_sign_ups.become_known(
            database.transaction,
            proven=proven,
            provider=provider,
            may_sign_up=True,
            own={},
            name=None,
            browser=OPERATOR,
            now=clock.now(),
        )
    )
    await is_added.wait()
    with pytest.raises(AlreadyConfirmed):
        await sign_up_confirmations._become_account(
            database.transaction, sign_up_id=sign_up.id, token=None, browser=OPERATOR, now=clock.now()
        )
    assert await known
