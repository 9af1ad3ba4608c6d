"""Whatever somebody has begun before SECRET_KEY is rotated they finish afterwards, on the page where they were."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from http.cookiejar import CookieJar

import pytest
from quart import Quart, Response

from tests.conftest import MakeApp
from tests.databases import NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock
from tests.second_steps import shown_code, turn_on
from tests.test_secret_keys import NEW, OLD, OTHER
from tests.web.test_sign_up_by_mail import with_bob

Begin = Callable[[Quart, Client, Inbox, Clock], Awaitable[tuple[str, dict[str, str]]]]
"""Begins something, and returns the path and the fields by which it is finished."""


async def sign_up(_app: Quart, client: Client, inbox: Inbox, _time: Clock) -> tuple[str, dict[str, str]]:
    """Sign up, and wait for the mail."""
    await client.post("/signup", form=EVE)
    return "/signup/code", {"code": inbox.code(EVE["email"])}


async def mailed_log_in(_app: Quart, client: Client, inbox: Inbox, _time: Clock) -> tuple[str, dict[str, str]]:
    """Ask for a mail to log in by."""
    await client.post("/login/mail", form={"email": BOB["email"]})
    return "/login/code", {"code": inbox.code(BOB["email"])}


async def second_step(app: Quart, client: Client, _inbox: Inbox, time: Clock) -> tuple[str, dict[str, str]]:
    """Give the password where a code is asked for next."""
    phone = await turn_on(app)
    time.advance(timedelta(minutes=1))
    await client.post("/login", form=BOB)
    return "/login/second-step", {"code": phone.code()}


async def set_up(_app: Quart, client: Client, _inbox: Inbox, _time: Clock) -> tuple[str, dict[str, str]]:
    """Scan the QR code of the second step."""
    await client.post("/login", form=BOB)
    await client.post("/account/second-step")
    return "/account/second-step/confirm", {"code": await shown_code(client)}


async def address(_app: Quart, client: Client, inbox: Inbox, _time: Clock) -> tuple[str, dict[str, str]]:
    """Ask for another address."""
    await client.post("/login", form=BOB)
    await client.post("/account/email", form={"email": "new@example.com"})
    return "/account/email/code", {"code": inbox.code("new@example.com")}


async def sudo(_app: Quart, client: Client, _inbox: Inbox, _time: Clock) -> tuple[str, dict[str, str]]:
    """Log in, which is a proof for ten minutes."""
    await client.post("/login", form=BOB)
    return "/account/export", {}


BEGINNINGS = [sign_up, mailed_log_in, second_step, set_up, address, sudo]


async def finished(
    make_app: MakeApp, new_database: NewDatabase, inbox: Inbox, time: Clock, begin: Begin, kept: str
) -> Response:
    """Begin, rotate the key, and finish twice, as a double click does; return the second answer."""
    more = {"DATABASE_URL": new_database(), "MAIL_URL": inbox.url, "MAILED_LOGIN": "yes"}
    before = await with_bob(make_app(SECRET_KEY=OLD, **more), inbox, time)
    path, fields = await begin(before, client := before.test_client(), inbox, time)
    later = make_app(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=kept, **more).test_client()
    assert isinstance(client.cookie_jar, CookieJar)
    assert isinstance(later.cookie_jar, CookieJar)
    for cookie in client.cookie_jar:
        later.cookie_jar.set_cookie(cookie)
    for _ in range(2):
        response = await later.post(path, form=fields, headers={"Accept": "application/json"})
    return response


@pytest.mark.parametrize("begin", BEGINNINGS)
async def test_what_was_begun_before_a_rotation_is_finished_after_it(
    make_app: MakeApp, new_database: NewDatabase, inbox: Inbox, time: Clock, begin: Begin
) -> None:
    response = await finished(make_app, new_database, inbox, time, begin, kept=OLD)
    assert response.status_code == 200, await response.get_data()


@pytest.mark.parametrize("begin", BEGINNINGS)
async def test_without_the_earlier_key_it_is_refused_with_a_sentence(
    make_app: MakeApp, new_database: NewDatabase, inbox: Inbox, time: Clock, begin: Begin
) -> None:
    response = await finished(make_app, new_database, inbox, time, begin, kept=OTHER)
    assert response.status_code in {401, 422}
    assert (await response.get_json())["detail"]
