"""What docs/deploy.md says of attempts that were counted before the database was lost: the refund is lost with it.

So a loss gives nobody a guess for nothing, whoever has caused it.
"""

import pytest
from quart import Quart

from quart_auth_app.accounts import sessions, sudo
from quart_auth_app.accounts.logging_in import password_log_in, pending_log_ins
from quart_auth_app.accounts.throttling.limits import LOG_IN_BY_ACCOUNT, SECOND_STEP_BY_ACCOUNT, SUDO_BY_SESSION
from quart_auth_app.database.errors import DatabaseAway
from tests.people import Client, Clock, is_logged_in
from tests.second_steps import turn_on


class Lost:
    """Lets a function raise what a database raises that is lost, from the transaction which would have refunded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    async def times(self, number: int, where: object, name: str, client: Client, path: str, **form: str) -> None:
        async def away(*_: object, **__: object) -> None:
            raise DatabaseAway("away")

        with self._monkeypatch.context() as patched:
            patched.setattr(where, name, away)
            for _ in range(number):
                response = await client.post(path, form=form)
                assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> Lost:
    return Lost(monkeypatch)


async def test_a_log_in_stays_counted_for_five_minutes(
    client: Client, bob: dict[str, str], time: Clock, lost: Lost
) -> None:
    await lost.times(LOG_IN_BY_ACCOUNT.attempts, password_log_in, "_let_in", client, "/login", **bob)
    assert (await client.post("/login", form=bob)).status_code == 429
    time.advance(LOG_IN_BY_ACCOUNT.window)
    assert (await client.post("/login", form=bob)).headers["Location"] == "/profile"


async def test_a_log_in_that_succeeds_clears_those_that_were_lost(
    app: Quart, client: Client, bob: dict[str, str], lost: Lost
) -> None:
    most = LOG_IN_BY_ACCOUNT.attempts - 1
    for _ in range(2):
        stranger = app.test_client()
        await lost.times(most, password_log_in, "_let_in", stranger, "/login", **bob)
        assert (await stranger.post("/login", form=bob)).headers["Location"] == "/profile"


async def test_a_code_stays_counted_and_is_still_good_later(
    app: Quart, client: Client, bob: dict[str, str], time: Clock, lost: Lost
) -> None:
    form = {"code": (await turn_on(app)).recovery_codes[0]}
    await client.post("/login", form=bob)
    await lost.times(SECOND_STEP_BY_ACCOUNT.attempts, pending_log_ins, "consume", client, "/login/second-step", **form)
    await client.post("/login", form=bob)
    assert (await client.post("/login/second-step", form=form)).status_code == 429
    time.advance(SECOND_STEP_BY_ACCOUNT.window)
    assert (await client.post("/login/second-step", form=form)).headers["Location"] == "/profile"


async def test_beyond_five_answers_to_the_question_for_the_password_the_session_ends(
    client: Client, bob: dict[str, str], time: Clock, lost: Lost
) -> None:
    await client.post("/login", form=bob)
    time.advance(sudo.LASTS)
    form = {"sudo_password": bob["password"]}
    await lost.times(SUDO_BY_SESSION.attempts, sessions, "renew", client, "/account/export", **form)
    await client.post("/account/export", form=form)
    assert not await is_logged_in(client)
