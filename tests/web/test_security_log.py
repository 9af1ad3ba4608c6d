"""The security log: every event, one line of JSON each, and never a secret."""

import json
import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from itsdangerous import URLSafeTimedSerializer
from quart import Quart, Response

from quart_auth_app.accounts.throttling import mail_limits, throttle
from quart_auth_app.web.telemetry import security_log
from tests.authenticators import add_passkey
from tests.authenticators import log_in as log_in_with_passkey
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Events, cookie, elsewhere, send
from tests.second_steps import shown_code, turn_on

CANARY = "canary violin 93 harbour"


OWN_TESTS = {
    "operator": "cli/test_cli_acts.py",
    "mailed_log_in_asked": "web/test_mailed_login.py",
    "mailed_log_in_failed": "web/test_mailed_login.py",
    "role_missing": "web/test_roles.py",
    "admin_act": "web/test_admin.py",
    "provider_connected": "web/test_providers.py",
    "provider_disconnected": "web/test_providers.py",
    "provider_failed": "web/test_providers.py",
    "host_refused": "web/test_own_host.py",
    "access_key_added": "web/test_access_keys.py",
    "access_key_revoked": "web/test_access_keys.py",
    "access_key_refused": "web/test_access_keys.py",
}
"""Events that need more than the walks here have, by the tests that see them."""


async def walk_everywhere(app: Quart, client: Client) -> list[str]:
    """Meet every event there is with the canary as password; return all that was answered."""

    @app.get("/bug")
    async def bug() -> str:
        raise ZeroDivisionError

    person = BOB | {"password": CANARY}
    answers = [
        await client.get("/profile"),
        await client.post("/signup", form=person),
        await client.post("/signup", form=person),
        await client.post("/signup", form=person | {"email": CANARY}),
        await client.post("/login", form=person | {"password": CANARY.upper()}),
        await client.post("/login", form=person | {"email": "nobody@example.com"}),
        await client.post("/login", form=person),
        await client.get("/profile"),
        await client.post("/login", form=person, headers={"Sec-Fetch-Site": "cross-site"}),
        await client.get("/bug"),
        *[await app.test_client().post("/login", form=person | {"email": "x@y.z"}, **elsewhere()) for _ in range(6)],
        await client.post("/logout"),
        await client.post("/login", form=person | {"remember": "on"}),
        await client.post("/account/sessions/revoke", form={"session": "others"}),
        await client.post("/account/password", form={"current_password": CANARY, "password": CANARY}),
        await client.post("/account/password", form={"current_password": CANARY.upper(), "password": CANARY}),
        await client.post("/account/export"),
        *[await client.get(path) for path in ("/account", "/account/sessions", "/account/activity")],
        await client.post("/account/delete"),
        await client.post("/login", form=person),
        await client.post("/account/delete/cancel"),
    ]
    services_of(app).passwords.threads._free_places, places = 0, services_of(app).passwords.threads._free_places
    answers.append(await client.post("/login", form=person))
    services_of(app).passwords.threads._free_places = places
    answers += [await client.get(path) for path in ("/login", "/signup", "/", "/nowhere")]
    await turn_on(app)
    other = app.test_client()
    answers += [
        await other.post("/login", form=person),
        await other.post("/login/second-step", form={"code": "000000"}),
        *[await client.post(f"/account/second-step/{act}") for act in ("recovery-codes", "off")],
        await client.post("/account/second-step"),
    ]
    code = await shown_code(client)
    answers.append(await client.post("/account/second-step/confirm", form={"code": code}))
    phone = await add_passkey(client)
    answers.append(await client.post("/account/passkeys/1/delete"))
    answers.append(await log_in_with_passkey(other, phone))
    return [await answer.get_data(as_text=True) + shown(answer) for answer in answers]


def shown(answer: Response) -> str:
    """Return the headers but for the cookies, which are the one place where tokens belong."""
    return "".join(f"{name}: {value}\n" for name, value in answer.headers.items() if name.lower() != "set-cookie")


async def walk_where_mail_is_on(app: Quart, inbox: Inbox) -> None:
    """Do what can be done there alone."""
    client = app.test_client()
    await client.post("/signup", form=BOB)
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    await client.post("/forgot-password", form={"email": EVE["email"]})
    async with services_of(app).database.transaction() as db:
        await throttle.clear(db, (mail_limits.TO_ADDRESS[0], BOB["email"]))
    await client.post("/forgot-password", form={"email": BOB["email"]})
    token = inbox.link(BOB["email"]).partition("?")[2]
    await client.post("/reset-password", form={"token": token, "password": EVE["password"]})
    await client.post("/login", form=BOB | {"password": EVE["password"]})
    await add_passkey(client)
    await client.post("/account/passkeys/only")
    await client.post("/account/email", form={"email": "first@example.com"})
    await client.post("/account/email/cancel")
    await client.post("/account/email", form={"email": "second@example.com"})
    token = inbox.link("second@example.com", "/account/email/confirm").partition("?")[2]
    await client.post("/account/email/confirm", form={"token": token})
    token = inbox.link(BOB["email"], "/undo-email-change").partition("?")[2]
    await client.post("/undo-email-change", form={"token": token, "password": BOB["password"]})


@pytest.mark.asvs("16.3.1", "16.3.2", "16.3.3", "16.3.4")
async def test_every_event_is_written(
    app: Quart, client: Client, events: Events, make_app: MakeApp, inbox: Inbox
) -> None:
    """But for those that tests of their own file have."""
    await walk_everywhere(app, client)
    await walk_where_mail_is_on(make_app(MAIL_URL=inbox.url), inbox)
    assert set(events.names) == set(security_log.EVENTS) - OWN_TESTS.keys()


@pytest.mark.parametrize(("event", "file"), OWN_TESTS.items())
def test_an_event_that_the_walk_leaves_out_is_asked_for_elsewhere(event: str, file: str) -> None:
    assert f'"{event}"' in (Path(__file__).parents[1] / file).read_text()


@pytest.mark.asvs("16.2.1", "16.2.2", "16.2.4")
async def test_every_line_says_when_what_where_and_in_which_request(app: Quart, client: Client, events: Events) -> None:
    await walk_everywhere(app, client)
    for line, event in zip(events.lines, events.all, strict=True):
        assert "\n" not in line
        assert list(event)[:6] == ["time", "event", "address", "request_id", "method", "path"]
        assert datetime.fromisoformat(event["time"]).utcoffset() == timedelta(0)


@pytest.mark.asvs("16.2.1", "16.2.5", "16.3.1")
async def test_who_is_named_by_number_and_unknown_accounts_by_a_hash(
    app: Quart, client: Client, events: Events
) -> None:
    await walk_everywhere(app, client)
    assert {str(event["user"]) for event in events.all if event["event"] in {"sign_up", "log_in", "log_out"}} == {"1"}
    failures = [event for event in events.all if event["event"] == "log_in_failed"]
    assert all(len(event["account"]) == 32 for event in failures)
    assert "nobody@example.com" not in "".join(events.lines)


@pytest.mark.asvs("16.2.4")
async def test_the_request_id_is_the_one_that_the_client_gets(client: Client, events: Events) -> None:
    response = await client.get("/profile")
    assert events.all[-1]["request_id"] == response.headers["X-Request-ID"]


def files_of(folder: Path) -> list[Path]:
    """Return the database's files, its write-ahead log among them."""
    files = list(folder.glob("users.sqlite*"))
    assert len(files) > 1
    return files


@pytest.mark.asvs("3.3.4", "14.2.4", "16.2.5")
async def test_no_secret_is_in_logs_pages_or_database(
    make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app = make_app(DATABASE_URL=f"sqlite:///{tmp_path}/users.sqlite", SECRET_KEY="the key " * 8)
    client = app.test_client()
    pages = await walk_everywhere(app, client)
    logs = "\n".join(record.getMessage() + (record.exc_text or "") for record in caplog.records)
    stored = b"".join(file.read_bytes() for file in files_of(tmp_path))
    cookies = [cookie(client, name) or "" for name in ("log-in", "device")]
    token = str(URLSafeTimedSerializer("x").loads_unsafe(cookies[0])[1])
    assert len(token) == 43
    for secret in (CANARY, CANARY.upper(), token, *cookies, "the key the key"):
        assert secret not in logs
        assert secret.encode() not in stored
    for secret in (CANARY, CANARY.upper(), token, *cookies):
        assert secret not in "".join(pages)


@pytest.mark.asvs("16.4.1")
@pytest.mark.parametrize(
    "path", ["/profile%0a{%22event%22:%22log_in%22}", "/profile%1b[2J", "/profile%0d%0aX", "/%e2%80%a8", "/\u202e"]
)
async def test_a_forged_line_or_a_terminals_command_stays_text(client: Client, events: Events, path: str) -> None:
    await send(client, "POST", path, headers={"Sec-Fetch-Site": "cross-site", "User-Agent": "\x1b[2J"})
    (line,) = events.lines
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["event"] == "cross_site_refused"


def test_an_event_that_nobody_has_described_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        security_log.write("log_inn")
