"""The documents agree with the code: what a table says is what is done."""

import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from quart import Quart

from bench.targets import TARGETS
from quart_auth_app.accounts import deletion, devices, mailed_codes, sessions, sudo, tokens
from quart_auth_app.accounts.factors import challenges
from quart_auth_app.accounts.fields import email_addresses, names
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.logging_in import mailed_log_in
from quart_auth_app.accounts.passwords import policy, threads
from quart_auth_app.accounts.passwords import strength as password_strength
from quart_auth_app.accounts.signing_up import sign_ups
from quart_auth_app.accounts.throttling import limits, mail_limits
from quart_auth_app.accounts.throttling.limits import Limit
from quart_auth_app.serving.hypercorn_fixes import endless_connections
from quart_auth_app.web import language
from quart_auth_app.web.edge import turns
from quart_auth_app.web.forms import fields, flashes, next_page, parsing
from quart_auth_app.web.identity import device_cookie
from quart_auth_app.web.telemetry import security_log
from tests.authenticators import add_passkey
from tests.conftest import MakeApp
from tests.inbox import Inbox
from tests.people import BOB, Client, Clock, Events, send
from tests.second_steps import turn_on

ROOT = Path(__file__).parents[2]


def rows_of(text: str, section: str) -> list[list[str]]:
    """Return the rows of the tables in a section of a page, cell by cell."""
    (body,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", body, re.M)]
    return [cells for cells in rows if not re.fullmatch("[-: ]+", cells[0])]


def table(section: str) -> dict[str, list[str]]:
    """Return the rows of the tables in a section of docs/security.md, by their first cell."""
    rows = rows_of((ROOT / "docs" / "security.md").read_text(), section)
    return {cells[0].strip("`"): [cell.strip("`") for cell in cells[1:]] for cells in rows}


def words(span: timedelta) -> str:
    """Return a span of time as a person says it."""
    for unit, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if not span % size:
            return f"{span // size} {unit}{'' if span == size else 's'}"
    return f"{span.total_seconds():g} seconds"


@pytest.mark.asvs("2.1.3", "6.1.1")
def test_the_limits_on_attempts() -> None:
    modules = [*vars(limits).values(), *vars(mail_limits).values()]
    all_limits = [value for value in modules if isinstance(value, Limit)] + [*mail_limits.TO_ADDRESS]
    assert len(all_limits) == 23
    rows = table("Limits")
    for limit in all_limits:
        assert rows[limit.name][:2] == [str(limit.attempts), words(limit.window)]


@pytest.mark.asvs("2.1.3", "15.1.3")
def test_the_limits_on_size_and_time() -> None:
    server = tomllib.loads((ROOT / "hypercorn.toml").read_text())
    rows = {name: cells[0] for name, cells in table("Limits").items()}
    assert rows["body"] == f"{parsing.MAX_BODY} bytes"
    assert rows["fields in a form"] == str(parsing.MAX_FIELDS)
    assert rows["time for a body to arrive"] == f"{parsing.BODY_TIMEOUT} seconds"
    assert rows["time without a byte on a connection"] == f"{server['read_timeout']} seconds"
    left = rows["time to read the rest of the answers, when a connection is to be closed"]
    assert left == f"{endless_connections.FLUSH_SECONDS} seconds"
    assert rows["people waiting for each hashing thread"] == str(threads.MAX_WAITING)
    assert f"**Up to {sessions.MAX_FOR_ONE} sessions**" in (ROOT / "docs" / "security.md").read_text()
    assert f"to up to {devices.MAX_ACCOUNTS} accounts" in (ROOT / "docs" / "security.md").read_text()
    assert rows["forms of one network under way at once"] == str(turns.MAX_AT_ONCE)
    assert rows["forms of one network that wait for their turn"] == str(turns.MAX_WAITING)
    assert rows["characters that zxcvbn rates"] == str(password_strength.MAX_RATED)


@pytest.mark.asvs("2.1.3")
def test_the_limits_are_the_applications(app: Quart) -> None:
    assert app.config["BODY_TIMEOUT"] == parsing.BODY_TIMEOUT
    rows = {name: cells[0] for name, cells in table("Limits").items()}
    assert rows["time to read an answer"] == f"{app.config['RESPONSE_TIMEOUT']} seconds"


@pytest.mark.asvs("7.1.1")
def test_the_lifetimes() -> None:
    rows = {name: cells[0] for name, cells in table("Lifetimes").items()}
    assert rows == {
        "What": "Ends after",
        "session, unused": words(sessions.IDLE),
        "session, in any case": words(sessions.ABSOLUTE),
        "remembered session, unused": words(sessions.REMEMBERED_IDLE),
        "remembered session, in any case": words(sessions.REMEMBERED_ABSOLUTE),
        "old token of a session that got a new one": words(sessions.REPLACED_LASTS),
        "password given once more": words(sudo.LASTS),
        "event in the user's own log": words(activity.KEEP),
        "account whose deletion was asked for": words(deletion.GRACE),
        "device cookie": words(device_cookie.LIFETIME),
        "language that a browser has chosen": words(language.LIFETIME),
        "message and typed fields for the next page": words(flashes.LIFETIME),
        "link that confirms a sign-up, and the sign-up": words(sign_ups.LASTS),
        "code in a mail": words(mailed_codes.LASTS),
        "challenge for a passkey": words(challenges.LASTS),
        "link to log in": words(tokens.LIFETIMES[tokens.LOG_IN]),
        "browser that waits for a mail to log in": words(mailed_log_in.LASTS),
        "link to choose a new password": words(tokens.LIFETIMES[tokens.RESET]),
        "link that confirms another address, and the change that waits for it": words(tokens.LIFETIMES[tokens.CHANGE]),
        "link that undoes a change of address, counted from the change": words(tokens.LIFETIMES[tokens.UNDO]),
    }


@pytest.mark.asvs("2.1.1")
def test_the_field_rules() -> None:
    lengths = {name: cells[1] for name, cells in table("Field rules").items()}
    assert {name: int(lengths[name]) for name in fields.LIMITS} == fields.LIMITS
    assert {
        "code": fields.LIMITS["code"],
        "token": 100,
        "email": email_addresses.MAX_LENGTH,
        "name": names.MAX_LENGTH,
        "password": policy.MAX_LENGTH,
        "days": 4,
        "current_password": policy.MAX_LENGTH,
        "sudo_password": policy.MAX_LENGTH,
        "language": 35,
        "role": 32,
        "session": 20,
        "sudo_code": fields.LIMITS["code"],
        "credential": fields.MAX_CREDENTIAL,
        "sudo_credential": fields.MAX_CREDENTIAL,
        "sudo_provider": 30,
    } == fields.LIMITS
    assert lengths["next"] == str(next_page.MAX_LENGTH)
    assert f"at least {policy.MIN_LENGTH} characters" in table("Field rules")["password"][2]


@pytest.mark.asvs("2.1.1")
async def test_the_fields_are_those_of_the_forms(make_app: MakeApp, inbox: Inbox, time: Clock) -> None:
    app = make_app(MAIL_URL=inbox.url)
    client, stranger = app.test_client(), app.test_client()
    await client.post("/signup", form=BOB)
    link = inbox.link(BOB["email"], "/confirm")
    pages = [await client.get(path) for path in ("/login?next=/profile", "/signup", "/signup/check-mail", link)]
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    for browser in (app.test_client(), client):
        await browser.post("/login", form=BOB)
    await add_passkey(client)
    account = ["/account", *(f"/account/{page}" for page in ("sessions", "activity", "passkeys", "access-keys"))]
    pages += [await client.get(path) for path in account]
    time.advance(sudo.LASTS)
    await turn_on(app)
    pages.append(await client.post("/account/export"))
    await stranger.post("/login", form=BOB)
    pages.append(await stranger.get("/login/second-step"))
    sources = [await page.get_data(as_text=True) for page in pages]
    found = {name for source in sources for name in re.findall(r'<(?:input|select)[^>]* name="(\w+)"', source)}
    assert found | {"shown", "role", "sudo_provider"} == set(table("Field rules")) - {"Field"}


@pytest.mark.asvs("8.1.1", "8.2.1")
async def test_the_routes_and_roles(app: Quart, client: Client, events: Events) -> None:
    rows = table("Routes and roles")
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(rows) - {"Endpoint"}
    for rule in app.url_map.iter_rules():
        method = "GET" if "GET" in (rule.methods or set()) else "POST"
        before = len(events.names)
        await send(client, method, rule.rule.replace("<int:number>", "1"))
        asked_to_log_in = "log_in_required" in events.names[before:]
        assert asked_to_log_in == (rows[rule.endpoint][0] == "no"), rule


@pytest.mark.asvs("16.1.1")
def test_the_log_inventory() -> None:
    rows = {name: cells[0] for name, cells in table("Log inventory").items()}
    assert rows == {"Event": "Meaning"} | security_log.EVENTS


@pytest.mark.parametrize(("name", "fewest"), [("", 20), ("-dev", 20), ("-bench", 20), ("-node", 1), ("-client", 20)])
def test_locks_name_a_hash_for_everything_and_no_address(name: str, fewest: int) -> None:
    text = (ROOT / "locks" / f"requirements{name}.lock").read_text()
    assert "://" not in text
    packages = re.findall(r"^([a-z][\w.-]*)==", text, re.M)
    assert len(packages) >= fewest
    assert len(re.findall(r"^[a-z][^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.M)) == len(packages)


def test_the_lock_of_the_tests_provider_has_a_hash_for_everything_and_no_address() -> None:
    text = (ROOT / "tests" / "providers" / "oidc_provider" / "package-lock.json").read_text()
    assert "://" not in text  # neither "resolved" nor "funding"
    packages = {name: told for name, told in json.loads(text)["packages"].items() if name}
    assert len(packages) > 20
    assert all(told["integrity"].startswith("sha512-") for told in packages.values())


def test_the_performance_page_shows_what_the_last_bench_measured() -> None:
    measured = rows_of((ROOT / "bench" / "results.md").read_text(), "Targets")
    assert [cells[0] for cells in measured[1:]] == [target.what for target in TARGETS]
    assert rows_of((ROOT / "docs" / "performance.md").read_text(), "Targets") == measured
