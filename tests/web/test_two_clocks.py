"""Two servers share a database and a key, and their clocks are not quite the same."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from itsdangerous import SignatureExpired
from itsdangerous.timed import TimestampSigner
from quart import Quart

from quart_auth_app import clock
from quart_auth_app.accounts.throttling.limits import LOG_IN_BY_ACCOUNT
from quart_auth_app.testing import SECRET_KEY
from quart_auth_app.web.identity.signatures import PatientSerializer
from tests.conftest import MakeApp
from tests.inbox import Inbox
from tests.people import BOB, EVE, WRONG_DETAILS, Client, Clock, elsewhere, is_logged_in, notice, text
from tests.second_steps import turn_on
from tests.web.test_sign_up_by_mail import with_bob

Move = Callable[[int], None]

APART = [5, -5, 290, -290]
"""Seconds that the second server's clock is ahead of the first one's."""

SIGNED_UP = "Your account has been created. You can log in now."


@pytest.fixture
def second_server(monkeypatch: pytest.MonkeyPatch) -> Move:
    """Let what follows happen on a server whose clock is that many seconds ahead."""
    ahead, signed_at = {"seconds": 0}, TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: signed_at(self) + ahead["seconds"])
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=ahead["seconds"]))
    return lambda seconds: ahead.update(seconds=seconds)


@pytest.mark.parametrize("seconds", APART)
async def test_a_fresh_log_in_counts_at_the_other_server(
    client: Client, bob: dict[str, str], second_server: Move, seconds: int
) -> None:
    await client.post("/login", form=bob)
    second_server(seconds)
    assert await is_logged_in(client)


@pytest.mark.parametrize("seconds", APART)
async def test_the_message_that_waits_is_shown_by_the_other_server(
    client: Client, second_server: Move, seconds: int
) -> None:
    await client.post("/signup", form=EVE)
    second_server(seconds)
    assert await notice(client, "/login") == SIGNED_UP
    second_server(0)
    await client.post("/login", form=EVE | {"password": "wrong"})
    second_server(seconds)
    assert await notice(client, "/login") == WRONG_DETAILS


@pytest.mark.parametrize("seconds", APART)
async def test_a_password_given_at_one_server_is_not_asked_for_by_the_other(
    client: Client, bob: dict[str, str], second_server: Move, seconds: int
) -> None:
    await client.post("/login", form=bob)
    second_server(seconds)
    assert (await client.post("/account/export")).status_code == 200


@pytest.mark.parametrize("seconds", APART)
async def test_the_device_is_known_to_the_other_server(
    app: Quart, client: Client, bob: dict[str, str], second_server: Move, seconds: int
) -> None:
    await client.post("/login", form=bob)
    second_server(seconds)
    for _ in range(LOG_IN_BY_ACCOUNT.attempts):
        await app.test_client().post("/login", form=BOB | {"password": "wrong"}, **elsewhere())
    assert (await client.post("/login", form=bob)).location == "/profile", "only strangers have to wait"


@pytest.mark.parametrize("seconds", [400, -400])
async def test_clocks_that_are_further_apart_are_not_believed_forever(
    client: Client, bob: dict[str, str], second_server: Move, seconds: int
) -> None:
    """A cookie from far in the future is refused; one that is a little old is not."""
    second_server(seconds)
    await client.post("/login", form=bob)
    second_server(0)
    assert await is_logged_in(client) is (seconds < 0)


@pytest.mark.parametrize(("seconds", "counts"), [(-310, False), (-290, True), (3890, True), (3910, False)])
def test_a_signature_for_an_hour_counts_five_minutes_more_at_both_ends(
    second_server: Move, seconds: int, counts: bool
) -> None:
    serializer = PatientSerializer(SECRET_KEY)
    signed = serializer.dumps("Bob")
    second_server(seconds)
    with nullcontext() if counts else pytest.raises(SignatureExpired):
        assert serializer.loads(signed, max_age=3600) == "Bob"


async def test_a_clock_that_was_ahead_leaves_no_limit_of_a_day(
    client: Client, bob: dict[str, str], second_server: Move
) -> None:
    second_server(24 * 60 * 60)
    for _ in range(LOG_IN_BY_ACCOUNT.attempts + 1):
        refused = await client.post("/login", form=BOB | {"password": "wrong"}, **elsewhere())
    assert refused.status_code == 429
    second_server(0)
    assert (await client.post("/login", form=bob, **elsewhere())).location == "/profile"


@pytest.mark.asvs("6.5.5")
async def test_a_mailed_link_does_not_outlive_a_clock_that_was_a_year_ahead(
    make_app: MakeApp, inbox: Inbox, time: Clock
) -> None:
    app = await with_bob(make_app(MAIL_URL=inbox.url), inbox, time)
    right = time.now
    time.advance(timedelta(days=365))
    await app.test_client().post("/forgot-password", form={"email": BOB["email"]}, **elsewhere())
    link = inbox.link(BOB["email"], "/reset-password")
    assert (await app.test_client().get(link)).status_code == 200
    time.now = right
    assert (await app.test_client().get(link)).status_code == 410


async def test_nor_does_a_log_in_that_waits_for_its_second_step(
    app: Quart, client: Client, bob: dict[str, str], time: Clock
) -> None:
    await turn_on(app)
    right = time.now
    time.advance(timedelta(days=365))
    await client.post("/login", form=bob, **elsewhere())
    assert (await client.get("/login/second-step")).status_code == 200
    time.now = right
    assert (await client.get("/login/second-step")).location == "/login"


async def test_nor_do_a_change_of_address_and_its_code(make_app: MakeApp, inbox: Inbox, time: Clock) -> None:
    app = await with_bob(make_app(MAIL_URL=inbox.url), inbox, time)
    right, client = time.now, app.test_client()
    time.advance(timedelta(days=365))
    await client.post("/login", form=BOB)
    await client.post("/account/email", form={"email": "bobby@example.com"})
    code = inbox.code("bobby@example.com")
    time.now = right
    await client.post("/login", form=BOB)
    await client.post("/account/email/code", form={"code": code})
    assert inbox.to("bobby@example.com")[1:] == [], "it has not become the account's address"
    assert "bobby@example.com" not in await text(await client.get("/account"))
