"""Metrics: on a port of their own, and only when asked for."""

import asyncio
import re
import subprocess
import sys
import urllib.request
from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from quart import Quart
from sqlalchemy import update

from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.instance import SettingsError
from quart_auth_app.models import Mail
from tests.authenticators import log_in as log_in_with_passkey
from tests.authenticators import person_with_passkey
from tests.conftest import MakeApp, services_of
from tests.people import BOB, Clock
from tests.second_steps import turn_on
from tests.servers import free_port


def numbers(text: str) -> dict[str, float]:
    """Return every sample by its name and labels."""
    return {name: float(value) for name, value in re.findall(r"^(quart_auth_app_\S+) (\S+)$", text, re.M)}


def of(app: Quart) -> dict[str, float]:
    """Return the application's numbers as they are now."""
    metrics = services_of(app).metrics
    assert metrics
    return numbers(generate_latest(metrics.registry).decode())


@pytest.fixture
def measured(make_app: MakeApp) -> Quart:
    """An application that keeps metrics."""
    return make_app(METRICS_BIND=f"127.0.0.1:{free_port()}")


async def test_requests_are_counted_by_route_and_status(measured: Quart) -> None:
    client = measured.test_client()
    for path in ("/", "/", "/profile", "/nowhere", "/nowhere-else", "/static/style.css"):
        await client.get(path)
    found = {
        name: value for name, value in of(measured).items() if name.startswith("quart_auth_app_request_seconds_count")
    }
    assert {
        re.findall('"(.*?)"', name)[1:][0] + " " + re.findall('"(.*?)"', name)[2]: n for name, n in found.items()
    } == {
        "/ 200": 2,
        "/profile 302": 1,
        "none 404": 2,
        "/static/<path:filename> 200": 1,
    }


async def test_a_made_up_method_makes_no_new_label(measured: Quart) -> None:
    client = measured.test_client()
    for method in ("BREW", "WHEN"):
        await client.open("/", method=method, json=None)
    assert not [name for name in of(measured) if "BREW" in name]


async def test_attempts_are_counted_by_how_they_ended(measured: Quart) -> None:
    client = measured.test_client()
    await client.post("/signup", form=BOB)
    for _ in range(6):
        await client.post("/login", form=BOB | {"password": "wrong"})
    await measured.test_client().post("/login", form=BOB | {"email": "eve@example.com"})
    found = of(measured)
    assert found['quart_auth_app_attempts_total{methods="password",outcome="failed"}'] == 6
    assert found['quart_auth_app_attempts_total{methods="",outcome="throttled"}'] == 1


async def test_each_way_in_is_counted_by_its_methods(measured: Quart) -> None:
    authenticator = await person_with_passkey(measured, BOB)
    phone = await turn_on(measured)
    client = measured.test_client()
    await client.post("/login", form=BOB)
    await client.post("/login/second-step", form={"code": "000000"})
    await client.post("/login/second-step", form={"code": phone.recovery_codes[0]})
    await log_in_with_passkey(measured.test_client(), authenticator)
    await measured.test_client().post("/login/passkey", form={"credential": "{}"})
    found = of(measured)
    for methods, outcome in (
        ("password", "accepted"),
        ("password+recovery-code", "accepted"),
        ("passkey", "accepted"),
        ("second-step", "failed"),
        ("passkey", "failed"),
    ):
        assert found[f'quart_auth_app_attempts_total{{methods="{methods}",outcome="{outcome}"}}'] == 1


async def test_the_line_for_hashing_is_measured(measured: Quart) -> None:
    await measured.test_client().post("/signup", form=BOB)
    with services_of(measured).passwords.place_in_line(OPERATOR):
        found = of(measured)
    assert found["quart_auth_app_hashing_queue"] == 1
    assert found["quart_auth_app_hashing_wait_seconds_count"] == 2  # rated, then hashed


@pytest.mark.asvs("13.4.5")
async def test_they_are_served_while_the_application_is(measured: Quart) -> None:
    bind = services_of(measured).settings.metrics_bind
    assert bind

    def fetch() -> dict[str, float]:
        with urllib.request.urlopen(f"http://{bind[0]}:{bind[1]}/metrics", timeout=5) as response:
            return numbers(response.read().decode())

    async with measured.test_app():
        client = measured.test_client()
        await client.post("/signup", form=BOB)
        await client.post("/login", form=BOB)
        assert (await asyncio.to_thread(fetch))[
            'quart_auth_app_attempts_total{methods="password",outcome="accepted"}'
        ] == 1
        assert (await client.get("/metrics")).status_code == 404, "not on the public port"
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(fetch)


async def test_a_version_that_is_no_number_gets_the_default_format(
    measured: Quart, capfd: pytest.CaptureFixture[str]
) -> None:
    bind = services_of(measured).settings.metrics_bind
    assert bind

    def fetch(accept: str) -> str:
        asked = urllib.request.Request(f"http://{bind[0]}:{bind[1]}/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(asked, timeout=5) as response:
            return str(response.headers["Content-Type"])

    async with measured.test_app():
        for kind in ("application/openmetrics-text", "text/plain"):
            assert (await asyncio.to_thread(fetch, f"{kind};version=x")).startswith("text/plain; version=0.0.4")
        assert (await asyncio.to_thread(fetch, "application/openmetrics-text;version=1.0.0")).startswith("application")
    assert "Traceback" not in capfd.readouterr().err


async def test_each_worker_takes_a_port_and_one_too_many_is_told(make_app: MakeApp) -> None:
    bind = f"127.0.0.1:{free_port(count=2)}"
    one, two, three = (services_of(make_app(METRICS_BIND=bind, WORKERS=2)) for _ in range(3))
    assert one.metrics
    assert two.metrics
    assert three.metrics
    others = one.metrics.served(one.settings), two.metrics.served(two.settings)
    with others[0], others[1], pytest.raises(SettingsError, match="METRICS_BIND"), three.metrics.served(three.settings):
        pass


async def test_active_sessions_are_counted(measured: Quart) -> None:
    client = measured.test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    metrics = services_of(measured).metrics
    assert metrics
    await metrics.count(services_of(measured).database)
    assert of(measured)["quart_auth_app_sessions_active"] == 1


async def test_mails_that_wait_and_have_failed_are_counted(measured: Quart, time: Clock) -> None:
    found = services_of(measured)
    assert found.metrics
    await found.metrics.count(found.database)
    names = [f"quart_auth_app_mail_{name}" for name in ("waiting", "failed", "oldest_seconds")]
    assert [of(measured)[name] for name in names] == [0, 0, 0]
    async with found.database.transaction() as db:
        db.info.update(outbox.info("accounts@example.com"))
        for number in range(3):
            await outbox.queue(db, kind="reset", to=f"bob{number}@example.com", now=time.now)
        await db.execute(update(Mail).where(Mail.id == 1).values(failed="550 no such user"))
    time.advance(timedelta(minutes=2))
    await found.metrics.count(found.database)
    assert [of(measured)[name] for name in names] == [2, 1, 120]


@pytest.mark.asvs("13.4.5")
def test_nothing_of_it_is_loaded_unless_asked_for() -> None:
    code = "import sys; from quart_auth_app import create_app; create_app({'DATABASE_URL': 'sqlite://'});"
    run = subprocess.run(
        [sys.executable, "-c", f"{code} print('prometheus_client' in sys.modules, 'asyncpg' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "False False\n"
