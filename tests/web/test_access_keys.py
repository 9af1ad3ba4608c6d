"""Access keys: what scripts send in place of a log-in."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
from quart import Quart, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import current_user, role_required, sudo_required
from quart_auth_app.accounts import access_keys, sudo
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.accounts.throttling.refusals import LASTS
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import AccessKey
from quart_auth_app.operations import pruning
from quart_auth_app.web.identity.access_keys import OPEN
from tests.conftest import MakeApp
from tests.people import BOB, EVE, Client, Clock, Events, elsewhere, send, text
from tests.web.test_admin import admin, kinds

__all__ = ["admin"]

JSON = {"Accept": "application/json"}


async def make_key(client: Client, name: str = "backup", days: object = 30) -> str:
    """Make a key, and return it."""
    response = await client.post("/account/access-keys", json={"name": name, "days": days}, headers=JSON)
    assert response.status_code == 201, await response.get_data(as_text=True)
    secret: str = (await response.get_json())["secret"]
    return secret


def bearer(key: str) -> dict[str, str]:
    """Return the header that a script sends."""
    return {"Authorization": f"Bearer {key}"}


async def status(app: Quart, key: str, path: str = "/account", method: str = "GET") -> int:
    """Return what a script is answered that sends this key."""
    return (await send(app.test_client(), method, path, headers=bearer(key))).status_code


@pytest.fixture
async def logged_in(client: Client, bob: dict[str, str]) -> Client:
    """Bob's browser."""
    await client.post("/login", form=bob)
    return client


@pytest.mark.asvs("9.2.1", "11.5.1")
async def test_a_script_reads_the_account_with_a_key_that_is_shown_once(
    app: Quart, logged_in: Client, database: Database, events: Events
) -> None:
    shown = await text(await logged_in.post("/account/access-keys", form={"name": "backup", "days": "30"}))
    key = next(word for word in shown.split() if word.startswith("qaa_"))
    script = app.test_client()
    account = await script.get("/account", headers=bearer(key))
    assert (await account.get_json())["email"] == BOB["email"], "in JSON, though it did not ask for it"
    assert "Set-Cookie" not in account.headers
    changed = await script.post("/account/name", json={"name": "Robert"}, headers=bearer(key))
    assert changed.status_code == 200
    listed = await text(await logged_in.get("/account/access-keys"))
    assert key not in listed
    assert all(told in listed for told in ("backup", key[: access_keys.SHOWN], "Good until"))
    assert "never" not in listed, "it was used"
    async with database.reading() as db:
        row = (await db.scalars(select(AccessKey))).one()
    assert key not in json.dumps({name: str(value) for name, value in vars(row).items()})
    assert key not in str(events.lines)
    assert "access_key_added" in events.names
    assert (await kinds(logged_in))[:2] == ["name_changed", "access_key_added"]


async def test_it_is_made_in_sudo_only(time: Clock, logged_in: Client) -> None:
    time.advance(sudo.LASTS)
    wanted = {"name": "backup", "days": 30}
    response = await logged_in.post("/account/access-keys", json=wanted, headers=JSON)
    assert (await response.get_json())["code"] == "SudoRequired"
    proven = await logged_in.post(
        "/account/access-keys", json=wanted | {"sudo_password": BOB["password"]}, headers=JSON
    )
    assert proven.status_code == 201


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "", "days": 30}, "InvalidName"),
        ({"name": "x", "days": 0}, "WrongLifetime"),
        ({"name": "x", "days": 366}, "WrongLifetime"),
        ({"name": "x", "days": "soon"}, "WrongLifetime"),
        ({"name": "x"}, "FieldMissing"),
    ],
)
async def test_keys_that_nobody_gets(logged_in: Client, fields: dict[str, object], code: str) -> None:
    response = await logged_in.post("/account/access-keys", json=fields, headers=JSON)
    assert (response.status_code, (await response.get_json())["code"]) == (422, code)


async def test_an_account_has_a_few_keys(logged_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_keys.owning, "MAX_KEYS", 2)
    for _ in range(2):
        await make_key(logged_in)
    response = await logged_in.post("/account/access-keys", json={"name": "x", "days": 1}, headers=JSON)
    assert (await response.get_json())["code"] == "TooManyAccessKeys"


@pytest.mark.asvs("7.4.1", "7.4.3")
async def test_it_ends_when_its_time_is_over(time: Clock, app: Quart, logged_in: Client, database: Database) -> None:
    key = await make_key(logged_in, days=1)
    time.advance(timedelta(hours=23))
    assert await status(app, key) == 200
    time.advance(timedelta(hours=1))
    assert await status(app, key) == 401
    await pruning.prune(database, now=time.now)
    async with database.reading() as db:
        assert (await db.scalars(select(AccessKey))).all() == []


@pytest.mark.asvs("7.4.2", "7.4.3")
@pytest.mark.parametrize("how", ["password", "revoke", "delete", "disable"])
async def test_it_ends_at_once(app: Quart, admin: Client, how: str, time: Clock, events: Events) -> None:
    eve = app.test_client()
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE)
    key = await make_key(eve)
    assert await status(app, key) == 200
    if how == "password":
        new = "yet another kettle 9"
        await eve.post("/account/password", form={"current_password": EVE["password"], "password": new})
    elif how == "revoke":
        assert (await eve.post("/account/access-keys/1/revoke")).status_code == 302
        assert "access_key_revoked" in events.names
    elif how == "delete":
        await eve.post("/account/delete")
        await eve.post("/login", form=EVE)
        await eve.post("/account/delete/cancel")
    else:
        await admin.post("/admin/users/2/disable")
        await admin.post("/admin/users/2/enable")
    assert await status(app, key) == 401


@pytest.mark.asvs("8.2.2")
async def test_nobody_revokes_the_key_of_another(app: Quart, logged_in: Client) -> None:
    key = await make_key(logged_in)
    eve = app.test_client()
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE)
    for number in ("1", "2", "9999999999"):
        assert (await eve.post(f"/account/access-keys/{number}/revoke", headers=JSON)).status_code == 404
    assert await status(app, key) == 200
    assert (await (await eve.get("/account/access-keys", headers=JSON)).get_json()) == {"access_keys": []}


@pytest.mark.asvs("8.2.1", "8.3.1", "6.3.4")
async def test_it_opens_what_is_listed_and_nothing_else_of_ours(app: Quart, logged_in: Client) -> None:
    key = await make_key(logged_in)
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<int:number>", "1").replace("<path:filename>", "style.css")
        for method in (rule.methods or set()) & {"GET", "POST"}:
            found = await status(app, key, path, method)
            if rule.endpoint in OPEN:
                assert found in {200, 422}, rule
            elif rule.endpoint != "static":
                assert found == 403, rule


@pytest.mark.asvs("8.3.1")
async def test_on_a_sites_own_pages_it_is_a_log_in_without_sudo(make_app: MakeApp, time: Clock, events: Events) -> None:
    app = make_app(ADMIN_SECOND_STEP="optional")

    @app.post("/danger")
    @sudo_required("Do it")
    async def danger() -> str:
        return "done"

    @app.get("/cellar")
    @role_required("admin")
    async def cellar() -> str:
        return "wine"

    @app.get("/me")
    async def me() -> str:
        return current_user.name if await current_user.is_authenticated else "nobody"

    client = app.test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    key = await make_key(client)
    script = app.test_client()
    assert await (await script.get("/me", headers=bearer(key))).get_data() == b"Bob"
    assert await status(app, key, "/cellar") == 403
    for proof in ({}, {"sudo_password": BOB["password"]}):
        refused = await script.post("/danger", form=proof, headers=bearer(key))
        assert (await refused.get_json())["code"] == "KeyNotEnough"
        assert [each["reason"] for each in events.all if each["event"] == "access_key_refused"].pop() == "not enough"
    written = len(events.all)
    assert (await script.post("/account/password", form={}, headers=bearer(key))).status_code == 403
    refusals = [each for each in events.all[written:] if each["event"] == "access_key_refused"]
    assert [each["reason"] for each in refusals] == ["not enough"]


@pytest.mark.asvs("8.3.1")
async def test_beside_a_key_cookies_are_ignored(app: Quart, logged_in: Client) -> None:
    key = await make_key(logged_in)
    eve = app.test_client()
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE)
    account = await eve.get("/account", headers=bearer(key))
    assert (await account.get_json())["email"] == BOB["email"]
    assert (await eve.get("/account", headers=bearer(key[:-1]) | JSON)).status_code == 401
    assert (await eve.post("/account/export", headers=bearer(key))).status_code == 403, "Eve's session is fresh"
    assert (await (await eve.get("/account", headers=JSON)).get_json())["email"] == EVE["email"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_schemes_case_does_not_count(app: Quart, logged_in: Client, scheme: str) -> None:
    key = await make_key(logged_in)
    response = await app.test_client().get("/account", headers={"Authorization": f"{scheme} {key}"})
    assert response.status_code == 200


async def test_it_counts_in_its_header_alone(app: Quart, logged_in: Client) -> None:
    key = await make_key(logged_in)
    script = app.test_client()
    tries: list[Response] = [
        await script.get("/account", headers=JSON | {"Authorization": key}),
        await script.get("/account", headers=JSON | {"Authorization": f"Basic {key}"}),
        await script.get("/account", headers=JSON, query_string={"access_token": key}),
        await script.get("/account", headers=JSON | {"Cookie": f"log-in={key}"}),
    ]
    assert [each.status_code for each in tries] == [401] * 4


@pytest.mark.asvs("2.4.1", "6.3.1")
async def test_wrong_keys_are_refused_noted_and_counted(app: Quart, logged_in: Client, events: Events) -> None:
    key = await make_key(logged_in)
    here = elsewhere()
    for _ in range(limits.ACCESS_KEY_BY_ADDRESS.attempts):
        response = await app.test_client().get("/account", headers=bearer("qaa_wrong"), **here)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert (await response.get_json())["code"] == "KeyRefused"
    assert events.all[-2]["event"] == "access_key_refused"
    held_up = await app.test_client().get("/account", headers=bearer("qaa_wrong"), **here)
    assert held_up.status_code == 429
    right = await app.test_client().get("/account", headers=bearer(key), **here)
    assert right.status_code == 200, "who has the right one is not held up"


@pytest.mark.parametrize("pause", [timedelta(), LASTS])
async def test_a_flood_of_wrong_keys_makes_nobody_wait_who_writes(
    app: Quart, database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch, pause: timedelta
) -> None:
    client = app.test_client()
    for _ in range(limits.ACCESS_KEY_BY_ADDRESS.attempts):
        await client.get("/", headers=bearer("qaa_wrong"))
    time.advance(pause)
    monkeypatch.setattr(database, "transaction", None)
    held_up = await asyncio.gather(*(client.get("/", headers=bearer("qaa_wrong")) for _ in range(5)))
    assert {each.status_code for each in held_up} == {429}


async def test_of_many_wrong_keys_at_once_those_beyond_the_limit_wait_for_nothing(
    app: Quart, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, begin, begun = limits.ACCESS_KEY_BY_ADDRESS.attempts, database.transaction, list[bool]()

    def transaction() -> AbstractAsyncContextManager[AsyncSession]:
        begun.append(True)
        return begin()

    monkeypatch.setattr(database, "transaction", transaction)
    client = app.test_client()
    answers = await asyncio.gather(*(client.get("/", headers=bearer("qaa_wrong")) for _ in range(most + 20)))
    statuses = [each.status_code for each in answers]
    # One that is just being counted may count twice.
    assert most / 2 < len(begun) == statuses.count(401) <= most
    assert len(begun) + statuses.count(429) == len(answers)


async def test_tokens_of_a_sites_own_are_its_own_business(app: Quart, logged_in: Client) -> None:
    @app.get("/machine")
    async def machine() -> str:
        return "anybody"

    assert await status(app, "of-another-kind", "/machine") == 200
    response = await logged_in.get("/account", headers=bearer("of-another-kind") | JSON)
    assert response.status_code == 200


async def test_admins_see_and_revoke_them(app: Quart, admin: Client) -> None:
    eve = app.test_client()
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE)
    key = await make_key(eve, name="nightly")
    assert "nightly" in await text(await admin.get("/admin/users/2"))
    told = await (await admin.get("/admin/users/2", headers=JSON)).get_json()
    assert [each["name"] for each in told["access_keys"]] == ["nightly"]
    assert key not in json.dumps(told)
    await admin.post("/admin/users/2/revoke-access-keys")
    assert await status(app, key) == 401
    assert (await kinds(eve))[0] == "access_key_revoked"
    assert (await kinds(admin))[0] == "admin_revoke_access_keys"
