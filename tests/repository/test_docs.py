"""The documents agree with the code: what a table says is what is done."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from quart import Quart

from bench.targets import TARGETS
from quart_auth_app.accounts import activity, deletion, email_addresses, names, sessions, sudo, throttle
from quart_auth_app.accounts.passwords import policy, threads
from quart_auth_app.accounts.passwords import strength as password_strength
from quart_auth_app.accounts.throttle import Limit
from quart_auth_app.serving.hypercorn_fixes import time_limits
from quart_auth_app.web.forms import fields as forms
from quart_auth_app.web.forms import flashes, next_page
from quart_auth_app.web.identity import device_cookie
from quart_auth_app.web.telemetry import security_log
from tests.people import Client, Clock, Events, send
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
    limits = [value for value in vars(throttle).values() if isinstance(value, Limit)]
    assert len(limits) == 9
    rows = table("Limits")
    for limit in limits:
        assert rows[limit.name][:2] == [str(limit.attempts), words(limit.window)]


@pytest.mark.asvs("2.1.3", "15.1.3")
def test_the_limits_on_size_and_time() -> None:
    server = tomllib.loads((ROOT / "hypercorn.toml").read_text())
    rows = {name: cells[0] for name, cells in table("Limits").items()}
    assert rows["body"] == f"{forms.MAX_BODY} bytes"
    assert rows["fields in a form"] == str(forms.MAX_FIELDS)
    assert rows["time for a body to arrive"] == f"{forms.BODY_TIMEOUT} seconds"
    assert rows["time without a byte on a connection"] == f"{server['read_timeout']} seconds"
    left = rows["time to take what is left of the answers, when a connection is to be closed"]
    assert left == f"{time_limits.FLUSH_SECONDS} seconds"
    assert rows["people waiting for each hashing thread"] == str(threads.MAX_WAITING)
    assert rows["characters that zxcvbn rates"] == str(password_strength.MAX_RATED)


@pytest.mark.asvs("2.1.3")
def test_the_limits_are_the_applications(app: Quart) -> None:
    assert app.config["BODY_TIMEOUT"] == forms.BODY_TIMEOUT


@pytest.mark.asvs("7.1.1")
def test_the_lifetimes() -> None:
    rows = {name: cells[0] for name, cells in table("Lifetimes").items()}
    assert rows == {
        "What": "Ends after",
        "session, unused": words(sessions.IDLE),
        "session, in any case": words(sessions.ABSOLUTE),
        "remembered session, unused": words(sessions.REMEMBERED_IDLE),
        "remembered session, in any case": words(sessions.REMEMBERED_ABSOLUTE),
        "session whose token was renewed": words(sessions.REPLACED_LASTS),
        "password given once more": words(sudo.LASTS),
        "event in the user's own log": words(activity.KEEP),
        "account whose deletion was asked for": words(deletion.GRACE),
        "device cookie": words(device_cookie.LIFETIME),
        "message and typed fields for the next page": words(flashes.LIFETIME),
    }


@pytest.mark.asvs("2.1.1")
def test_the_field_rules() -> None:
    lengths = {name: cells[1] for name, cells in table("Field rules").items()}
    assert {name: int(lengths[name]) for name in forms.LIMITS} == forms.LIMITS
    assert {
        "code": forms.LIMITS["code"],
        "email": email_addresses.MAX_LENGTH,
        "name": names.MAX_LENGTH,
        "password": policy.MAX_LENGTH,
        "current_password": policy.MAX_LENGTH,
        "sudo_password": policy.MAX_LENGTH,
        "session": 20,
    } == forms.LIMITS
    assert lengths["next"] == str(next_page.MAX_LENGTH)
    assert f"at least {policy.MIN_LENGTH} characters" in table("Field rules")["password"][2]


@pytest.mark.asvs("2.1.1")
async def test_the_fields_are_those_of_the_forms(app: Quart, client: Client, bob: dict[str, str], time: Clock) -> None:
    pages = [await client.get("/login?next=/profile"), await client.get("/signup")]
    other = app.test_client()
    for browser in (other, client):
        await browser.post("/login", form=bob)
    pages += [await client.get(path) for path in ("/account", "/account/sessions", "/account/activity")]
    time.advance(sudo.LASTS)
    pages.append(await client.post("/account/export"))
    await turn_on(app)
    stranger = app.test_client()
    await stranger.post("/login", form=bob)
    pages.append(await stranger.get("/login/second-step"))
    sources = [await page.get_data(as_text=True) for page in pages]
    found = {name for source in sources for name in re.findall(r'<input[^>]* name="(\w+)"', source)}
    assert found == set(table("Field rules")) - {"Field"}


@pytest.mark.asvs("8.1.1", "8.2.1")
async def test_the_routes_and_roles(app: Quart, client: Client, events: Events) -> None:
    rows = table("Routes and roles")
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(rows) - {"Endpoint"}
    for rule in app.url_map.iter_rules():
        method = "GET" if "GET" in (rule.methods or set()) else "POST"
        before = len(events.names)
        await send(client, method, rule.rule)
        asked_to_log_in = "log_in_required" in events.names[before:]
        assert asked_to_log_in == (rows[rule.endpoint][0] == "no"), rule


@pytest.mark.asvs("16.1.1")
def test_the_log_inventory() -> None:
    rows = {name: cells[0] for name, cells in table("Log inventory").items()}
    assert rows == {"Event": "Meaning"} | security_log.EVENTS


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-bench.lock"])
def test_locks_name_a_hash_for_everything_and_no_address(name: str) -> None:
    text = (ROOT / "locks" / name).read_text()
    assert "://" not in text
    packages = re.findall(r"^([a-z][\w.-]*)==", text, re.M)
    assert len(packages) > 20
    assert len(re.findall(r"^[a-z][^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.M)) == len(packages)


def test_the_performance_page_shows_what_the_last_bench_measured() -> None:
    measured = rows_of((ROOT / "bench" / "results.md").read_text(), "Targets")
    assert [cells[0] for cells in measured[1:]] == [target.what for target in TARGETS]
    assert rows_of((ROOT / "docs" / "performance.md").read_text(), "Targets") == measured
