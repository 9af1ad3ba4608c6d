"""What was counted or done is in the security log, also when the browser hung up in the middle of it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from quart import Quart
from sqlalchemy import func, select

from quart_auth_app.accounts.throttling import limits
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Attempts, SecurityEvent, Session
from tests.people import BOB, Client, Events
from tests.second_steps import turn_on
from tests.web.test_logs import written as written_lines

MOMENTS = [number * 0.002 for number in range(12)]
"""Seconds after which the browsers hang up: spread over what the longest of these acts takes with cheap hashes."""

BY_KIND = {
    "created": "sign_up",
    "logged_in": "log_in",
    "logged_out": "log_out",
    "second_step_failed": "second_step_failed",
    "second_step_off": "second_step_off",
    "recovery_codes_renewed": "recovery_codes_renewed",
    "sessions_revoked": "sessions_revoked",
    "password_changed": "password_changed",
    "password_reset": "password_reset",
    "exported": "exported",
    "deletion_asked": "deletion_asked",
    "deletion_cancelled": "deletion_cancelled",
}
"""Kinds of event that are stored with the act itself, and what the log says of the same act."""


async def hang_up(client: Client, path: str, form: dict[str, str], *, after: float) -> None:
    """Send a form and close the connection after this time."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with client.request(path, method="POST", headers=headers) as connection:
        await connection.send(urlencode(form).encode())
        await connection.send_complete()
        await asyncio.sleep(after)
        await connection.disconnect()


@pytest.fixture(autouse=True)
def _no_limit_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in [*vars(limits).items()]:
        if isinstance(limit, limits.Limit):
            monkeypatch.setattr(limits, name, replace(limit, attempts=10_000))


async def stored(database: Database) -> Counter[str]:
    """Return how many events of each kind are stored, by their name in the log."""
    async with database.reading() as db:
        rows = await db.execute(select(SecurityEvent.kind, func.count()).group_by(SecurityEvent.kind))
        return Counter({BY_KIND[kind]: count for kind, count in rows if kind in BY_KIND})


def written(events: Events) -> Counter[str]:
    """Return how many lines the log has of each of these events."""
    return Counter(name for name in events.names if name in BY_KIND.values())


@pytest.mark.asvs("16.3.1", "2.3.3")
async def test_each_guess_that_counted_is_in_the_log(client: Client, database: Database, events: Events) -> None:
    await client.post("/signup", form=BOB)
    for after in MOMENTS:
        await hang_up(client, "/login", {"email": BOB["email"], "password": "wrong"}, after=after)
    async with database.reading() as db:
        counted = await db.scalar(select(func.max(Attempts.count)))  # the sign-up counted as one
    assert counted == events.names.count("log_in_failed") > 0


@pytest.mark.asvs("16.3.1", "2.3.3")
async def test_each_session_that_was_started_is_in_the_log(app: Quart, database: Database, events: Events) -> None:
    await app.test_client().post("/signup", form=BOB)
    for after in MOMENTS:
        await hang_up(app.test_client(), "/login", BOB, after=after)
    async with database.reading() as db:
        sessions = await db.scalar(select(func.count()).select_from(Session))
    assert sessions == events.names.count("log_in") > 0
    assert written(events) == await stored(database)


async def _sign_up(app: Quart, number: int) -> None:
    await hang_up(app.test_client(), "/signup", BOB | {"email": f"b{number}@example.com"}, after=MOMENTS[number])


async def _second_step(app: Quart, number: int) -> None:
    client = app.test_client()
    await client.post("/login", form=BOB)
    await hang_up(client, "/login/second-step", {"code": "000000"}, after=MOMENTS[number])


def _logged_in(path: str, **form: str) -> Callable[[Quart, int], Awaitable[None]]:
    async def act(app: Quart, number: int) -> None:
        client = app.test_client()
        await app.test_client().post("/login", form=BOB)  # a session that can be revoked
        await client.post("/login", form=BOB)
        await hang_up(client, path, form, after=MOMENTS[number])

    return act


ACTS = {
    "sign-up": _sign_up,
    "log-out": _logged_in("/logout"),
    "name": _logged_in("/account/name", name="Robert"),
    "password": _logged_in("/account/password", current_password=BOB["password"], password=BOB["password"]),
    "revocation": _logged_in("/account/sessions/revoke", session="others"),
    "export": _logged_in("/account/export"),
    "deletion": _logged_in("/account/delete"),
    "deletion cancelled": _logged_in("/account/delete/cancel"),
    "second step": _second_step,
}


@pytest.mark.asvs("16.3.1", "2.3.3")
@pytest.mark.parametrize("act", ACTS)
async def test_each_act_that_was_committed_is_in_the_log(
    app: Quart, client: Client, database: Database, events: Events, act: str
) -> None:
    await client.post("/signup", form=BOB)
    if act == "second step":
        await turn_on(app)
    for number in range(len(MOMENTS)):
        await ACTS[act](app, number)
    assert written(events) == await stored(database)


async def test_who_hangs_up_before_the_form_has_arrived_has_asked_for_nothing(
    app: Quart, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["BODY_TIMEOUT"] = 1
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with client.request("/login", method="POST", headers=headers) as connection:
        await connection.send(b"email=")
        await connection.disconnect()
    (line,) = written_lines(caplog, "quart_auth_app.access")
    assert line["status"] == 0, "not 408: nothing waits for the rest"
