"""Hashes of the tutorial's application, and weaker ones of our own, work once more and are replaced."""

import sys

import pytest
from passlib.hash import bcrypt, bcrypt_sha256
from quart import Quart
from sqlalchemy import select, update

from quart_auth_app.accounts.passwords import flask_security
from quart_auth_app.accounts.passwords.werkzeug_hashes import WerkzeugHash
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import User
from tests.conftest import MakeApp, services_of
from tests.people import BOB, Accounts, Client, Events, is_logged_in

PASSWORD = "Grandma's apple pie"
# Written by Werkzeug 2.2.3 (the first three) and 3.1.9, with generate_password_hash(PASSWORD, method=…).
WERKZEUG = {
    "sha256": "sha256$iLWSmSCXRapFhpAc$156b41cdac54ef6f5cbd6964edd0d6a9a474116854d1cb417ea0f4b95fd104fb",
    "pbkdf2:sha256": "pbkdf2:sha256:260000$5D7nsyvIQtjEIoN5$"
    "fa0aa9f6549ebdf876b6d192969631de8f1bf00eca9476c190276098fb7b79d7",
    "pbkdf2:sha256:1000": "pbkdf2:sha256:1000$xDbizuKr1fgaHFDw$"
    "62e02250996af949fe4ecb891be9f177c56a381bb1ba13f05d6de88d6586f7ec",
    "scrypt": "scrypt:32768:8:1$lvtbbz20aJHRGzQH$"
    "476c587d24518e1ab7ec32fc3f3badfbf5e91ee47c255fc83df11f2356eaf64cd762e41ef08e0511032db01dc65670cd99f75afc3ac56caa0b43ecd481574a89",
}
# Written by argon2-cffi 25.1 and passlib 1.7.4, in its own and in Django's spelling, with few rounds.
ARGON2 = "$argon2id$v=19$m=64,t=1,p=1$j4Sn1GvtjI1drHIfvLW5mg$YzKuQVYmp0trHZsbyLBzVo6726u+y9p2hVMV6BXdZpk"
OTHERS = {
    "argon2": ARGON2,
    "Django's argon2": f"argon2{ARGON2}",
    "pbkdf2_sha256": "$pbkdf2-sha256$4$rxXinFPqHeMc49x7753T2g$PasxXwX7qGtsNotK..njc.HGdX6CDjGn8xUBtfg8Z0Q",
    "pbkdf2_sha512": "$pbkdf2-sha512$4$D0FI6R3j3Nubk/KeM8YYww$"
    "Mnc06AT.ZvZXT7RLH9shSi/oMO9ADVaNpJlxaiLhZla98jX3JT9VSClw1kopPBFU6ozyS7mzPAF6K3wvnBnThQ",
    "Django's pbkdf2_sha256": "pbkdf2_sha256$4$B6C5y7yYmhNP$oRlRIIKhBrsORSE01FcDoErYMOZRqrBuUOcO5MIkzO0=",
    "Django's bcrypt_sha256": "bcrypt_sha256$$2b$04$Vg0K43JQlty2ue8N9RBVnePJAUKkWxsFEBB6fAPJQsvkb5berD2YC",
    "Django's bcrypt": "bcrypt$$2b$04$v/rLZ62my5vCb9alCNCNGe9pfOxbzhXgF1KoNYKi2rVol9u.yELcS",
}

# Written by Flask-Security 5.9.2 as it does by default, with few rounds. It hashes the password in NFKD.
SALT = "146585145368132386173505678016728509634"
ACCENTED = "Grandma's crème brûlée"
TWICE = {
    "argon2": "$argon2id$v=19$m=64,t=1,p=1$MGaMsfb+X4vRWmuNcU5pDQ$ob8241ftvWN+dQgg8WG5TlDC1SBoSckfavxdyuQyXBo",
    "bcrypt": "$2b$04$pP0DaZlb6PzAaoUAGR3ZQ.aB3lo/ScNVJ6HVxkdTxeU40CF6lsv/.",
    "pbkdf2_sha256": "$pbkdf2-sha256$4$4ZyTUqoVwnjPuRfC2Jsz5g$/QPFKJ7KC6Isi9dEt5H0o6OCIzWUvMh2BwG3LMgefI0",
    "pbkdf2_sha512": "$pbkdf2-sha512$4$iLHWujfmnBMiBOD8f./dOw$juk3UDTPUd"
    "1plzhqv/PRaOGLsySxVDg52SWHC9qxMGwERZ5ZdWRfw1SLU0f9zAoA9HX4CuSNAZ8SkKXZrZE9uA",
}


async def give_hash(database: Database, password_hash: str) -> None:
    """Store a hash as an older application would have."""
    async with database.transaction() as db:
        await db.execute(update(User).values(password=password_hash))


async def stored_hash(database: Database) -> str:
    """Return the hash that is stored now."""
    async with database.reading() as db:
        return await db.scalar(select(User.password)) or ""


@pytest.mark.asvs("11.2.2")
@pytest.mark.parametrize(
    "old",
    [*WERKZEUG.values(), *OTHERS.values(), bcrypt.using(rounds=4).hash(PASSWORD), "lower cost"],
    ids=[*WERKZEUG, *OTHERS, "bcrypt", "bcrypt_sha256 of lower cost"],
)
async def test_an_old_hash_logs_in_and_is_replaced_in_the_same_log_in(
    client: Client, bob: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch, old: str
) -> None:
    if old == "lower cost":
        old = bcrypt_sha256.using(rounds=4).hash(PASSWORD)
    await give_hash(database, old)
    await client.post("/login", form=bob | {"password": PASSWORD})
    assert await is_logged_in(client)
    replaced = await stored_hash(database)
    assert replaced.startswith("$bcrypt-sha256$v=2,t=2b,r=5$")
    await client.post("/login", form=bob | {"password": PASSWORD})
    assert await is_logged_in(client)
    assert await stored_hash(database) == replaced


@pytest.fixture(autouse=True)
def _todays_cost(cheap_hashes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than the cheapest, so that there is a cheaper one."""
    monkeypatch.setattr("quart_auth_app.accounts.passwords.hashing.ROUNDS", 5)


@pytest.mark.parametrize("old", WERKZEUG.values(), ids=WERKZEUG)
async def test_an_old_hash_refuses_a_wrong_password_and_stays(
    client: Client, bob: dict[str, str], database: Database, old: str
) -> None:
    await give_hash(database, old)
    await client.post("/login", form=bob | {"password": PASSWORD.upper()})
    assert not await is_logged_in(client)
    assert await stored_hash(database) == old


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize(
    "broken",
    ["", "plain text", "sha256$salt$", "sha256$salt$xyz", "md5$salt$" + "0" * 32, "scrypt:3:8:1$salt$" + "0" * 128,
     "pbkdf2:sha256:0$salt$" + "0" * 64, "$bcrypt-sha256$v=2,t=2b,r=12$short$x", "$2b$12$x"],
)  # fmt: skip
async def test_a_broken_hash_lets_nobody_in_and_breaks_nothing(
    client: Client, bob: dict[str, str], database: Database, broken: str
) -> None:
    await give_hash(database, broken)
    response = await client.post("/login", form=bob)
    assert response.headers["Location"] == "/login"


@pytest.mark.asvs("15.4.2")
async def test_a_hash_that_changed_meanwhile_is_not_overwritten(accounts: Accounts, database: Database) -> None:
    """Between the verification and the replacement somebody may have set another password."""
    await accounts.sign_up(**BOB)
    await give_hash(database, bcrypt.using(rounds=4).hash(PASSWORD))
    verify = accounts.services.passwords.verify

    async def verify_slowly(password: str, stored: str | None) -> tuple[bool, str | None]:
        result = await verify(password, stored)
        await give_hash(database, "set meanwhile")
        return result

    accounts.services.passwords.verify = verify_slowly  # type: ignore[method-assign]  # the same, but slow
    assert await accounts.log_in(email=BOB["email"], password=PASSWORD)
    assert await stored_hash(database) == "set meanwhile"


@pytest.mark.asvs("11.4.2")
def test_no_new_hash_of_the_old_kind_is_made() -> None:
    with pytest.raises(NotImplementedError):
        WerkzeugHash.hash("x")


async def test_an_argon2_hash_without_its_library_says_what_to_install(
    client: Client, bob: dict[str, str], database: Database, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "argon2", None)
    await give_hash(database, OTHERS["argon2"])
    await client.post("/login", form=bob | {"password": PASSWORD})
    assert not await is_logged_in(client)
    assert "Install argon2-cffi" in events.caplog.text


@pytest.mark.parametrize("kind", OTHERS)
async def test_an_adopted_hash_refuses_another_password(
    client: Client, bob: dict[str, str], database: Database, kind: str
) -> None:
    await give_hash(database, OTHERS[kind])
    await client.post("/login", form=bob | {"password": f"{PASSWORD}s"})
    assert not await is_logged_in(client)


@pytest.fixture
def taken_over(make_app: MakeApp) -> Quart:
    """An application that knows the salt of Flask-Security."""
    return make_app(FLASK_SECURITY_PASSWORD_SALT=SALT)


@pytest.mark.parametrize("kind", TWICE)
async def test_what_flask_security_has_hashed_twice_logs_in_where_its_salt_is_set(taken_over: Quart, kind: str) -> None:
    client, database = taken_over.test_client(), services_of(taken_over).database
    await client.post("/signup", form=BOB)
    for wrong in (ACCENTED.upper(), flask_security.first_hash(ACCENTED, SALT)):
        await give_hash(database, TWICE[kind])
        await client.post("/login", form=BOB | {"password": wrong})
        assert not await is_logged_in(client)
    await client.post("/login", form=BOB | {"password": ACCENTED})
    assert await is_logged_in(client)
    replaced = await stored_hash(database)
    assert replaced.startswith("$bcrypt-sha256$v=2,t=2b,r=5$")
    await client.post("/logout")
    await client.post("/login", form=BOB | {"password": ACCENTED})
    assert await is_logged_in(client), "the new hash is of the password itself"


@pytest.mark.parametrize("kind", TWICE)
async def test_without_the_salt_a_hash_of_flask_securitys_hash_refuses_everybody(
    client: Client, bob: dict[str, str], database: Database, kind: str
) -> None:
    await give_hash(database, TWICE[kind])
    for password in (ACCENTED, flask_security.first_hash(ACCENTED, "")):
        await client.post("/login", form=bob | {"password": password})
        assert not await is_logged_in(client)


async def test_with_the_salt_a_hash_of_the_password_itself_refuses_everybody(taken_over: Quart) -> None:
    client, database = taken_over.test_client(), services_of(taken_over).database
    await client.post("/signup", form=BOB)
    await give_hash(database, OTHERS["argon2"])
    await client.post("/login", form=BOB | {"password": PASSWORD})
    assert not await is_logged_in(client)
    await give_hash(database, OTHERS["Django's pbkdf2_sha256"])
    await client.post("/login", form=BOB | {"password": PASSWORD})
    assert await is_logged_in(client), "which Flask-Security hashes once"
