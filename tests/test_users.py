"""Signing up and proving who one is, without the web."""

import asyncio
import unicodedata

import pytest
from passlib.hash import bcrypt_sha256
from quart import Quart
from sqlalchemy import func, select

from quart_auth_app.accounts import users
from quart_auth_app.accounts.errors import EmailTaken, InvalidEmail, InvalidName, InvalidPassword
from quart_auth_app.accounts.passwords import PasswordHasher
from quart_auth_app.database import Database
from quart_auth_app.models import User
from tests.conftest import MakeApp, services_of
from tests.people import BOB, EVE, WRONG_DETAILS, is_logged_in, notice


async def count_users(database: Database) -> int:
    async with database.reading() as db:
        return await db.scalar(select(func.count()).select_from(User)) or 0


async def test_the_password_is_stored_as_bcrypt_sha256_with_twelve_rounds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    user = await users.sign_up(database.transaction, PasswordHasher(), **BOB)
    assert user.password.startswith("$bcrypt-sha256$v=2,t=2b,r=12$")


@pytest.mark.parametrize(
    "spelling", ["BOB@EXAMPLE.COM", " bob@example.com ", "\uff42ob@example.com", "bob@\uff25xample.com"]
)
async def test_an_address_is_the_same_in_any_case_and_unicode_form(
    database: Database, hasher: PasswordHasher, spelling: str
) -> None:
    user = await users.sign_up(database.transaction, hasher, **BOB)
    found = await users.authenticate(database.reading, hasher, email=spelling, password=BOB["password"])
    assert found is not None
    assert found.id == user.id
    with pytest.raises((EmailTaken, InvalidEmail)):
        await users.sign_up(database.transaction, hasher, **EVE | {"email": spelling})


async def test_the_address_keeps_the_case_in_which_it_was_written(database: Database, hasher: PasswordHasher) -> None:
    user = await users.sign_up(database.transaction, hasher, **BOB | {"email": "Bob.Builder@Example.COM"})
    assert user.email == "Bob.Builder@example.com"


@pytest.mark.parametrize("email", ["me@localhost", "me@intranet.local", "jos\u00e9@b\u00fccher.test", "a+b@a.test"])
async def test_internal_and_international_addresses_are_welcome(
    database: Database, hasher: PasswordHasher, email: str
) -> None:
    assert (await users.sign_up(database.transaction, hasher, **BOB | {"email": email})).email == email


@pytest.mark.parametrize("email", ["", "bob", "bob@", "@example.com", "a b@example.com", "bob@a\nb.com", "b" * 300])
async def test_what_is_no_address_is_refused(database: Database, hasher: PasswordHasher, email: str) -> None:
    with pytest.raises(InvalidEmail):
        await users.sign_up(database.transaction, hasher, **BOB | {"email": email})


@pytest.mark.parametrize("name", ["", "   ", "Bob\x1b[2J", "Bob\r\nBcc: eve", "x" * 101])
async def test_what_is_no_name_is_refused(database: Database, hasher: PasswordHasher, name: str) -> None:
    with pytest.raises(InvalidName):
        await users.sign_up(database.transaction, hasher, **BOB | {"name": name})


@pytest.mark.parametrize(("length", "fits"), [(7, False), (8, True), (1024, True), (1025, False)])
async def test_a_password_has_8_to_1024_characters(
    database: Database, hasher: PasswordHasher, length: int, fits: bool
) -> None:
    password = "".join(chr(0x4E00 + index) for index in range(length))  # each another character of three bytes
    if fits:
        await users.sign_up(database.transaction, hasher, **BOB | {"password": password})
        assert await users.authenticate(database.reading, hasher, email=BOB["email"], password=password)
    else:
        with pytest.raises(InvalidPassword):
            await users.sign_up(database.transaction, hasher, **BOB | {"password": password})


async def test_fifty_sign_ups_of_one_address_at_once_give_one_user(
    app: Quart, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [app.test_client() for _ in range(50)]
    answers = await asyncio.gather(*(client.post("/signup", form=BOB) for client in clients))
    assert sorted(answer.headers["Location"] for answer in answers) == ["/login"] + ["/signup"] * 49
    notices = [await notice(client, "/signup") for client in clients]
    assert notices.count("Email address already exists. Go to login page.") == 49
    assert await count_users(database) == 1


async def test_an_in_memory_database_stands_the_same_rush(make_app: MakeApp) -> None:
    app = make_app(DATABASE_URL="sqlite://")
    clients = [app.test_client() for _ in range(20)]
    await asyncio.gather(*(client.post("/signup", form=BOB) for client in clients))
    await asyncio.gather(*(client.post("/login", form=BOB) for client in clients))
    assert all([await is_logged_in(client) for client in clients])
    assert await count_users(services_of(app).database) == 1


async def test_applications_in_one_process_share_nothing(make_app: MakeApp) -> None:
    one, other = make_app(DATABASE_URL="sqlite://"), make_app(DATABASE_URL="sqlite://")
    client = other.test_client()
    await one.test_client().post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    assert await notice(client, "/login") == WRONG_DETAILS


async def test_a_password_typed_in_another_unicode_form_is_the_same(database: Database, hasher: PasswordHasher) -> None:
    password = "caf\u00e9 lantern pillow"
    await users.sign_up(database.transaction, hasher, **BOB | {"password": password})
    other = unicodedata.normalize("NFD", password)
    assert other != password
    assert await users.authenticate(database.reading, hasher, email=BOB["email"], password=other)


@pytest.mark.parametrize("change", [str.upper, lambda password: password + " ", lambda password: " " + password])
async def test_a_password_is_compared_exactly(database: Database, hasher: PasswordHasher, change: object) -> None:
    assert callable(change)
    await users.sign_up(database.transaction, hasher, **BOB)
    assert not await users.authenticate(database.reading, hasher, email=BOB["email"], password=change(BOB["password"]))


async def test_an_unknown_address_costs_one_verification_like_a_known_one(
    database: Database, hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await users.sign_up(database.transaction, hasher, **BOB)
    verify, costs = hasher._context.verify, []

    def counted(secret: str, password_hash: str) -> bool:
        costs.append(bcrypt_sha256.from_string(password_hash).rounds)
        return bool(verify(secret, password_hash))

    monkeypatch.setattr(hasher._context, "verify", counted)
    for email in (BOB["email"], "nobody@example.com"):
        assert not await users.authenticate(database.reading, hasher, email=email, password="wrong")
    assert costs == [4, 4]
