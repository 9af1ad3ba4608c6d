"""Proving once more who one is: the same form again, with the password, and nothing kept on the server."""

import html
import re
from contextlib import ExitStack, suppress
from datetime import timedelta
from io import BytesIO
from urllib.parse import urlencode

import pytest
from quart import Blueprint, Quart, request
from quart.datastructures import FileStorage
from sqlalchemy import select

from quart_auth_app.accounts import sudo
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import TooBusy
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.accounts.throttling.limits import SUDO_BY_SESSION
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Session
from quart_auth_app.web.identity.sudo import sudo_required
from tests.conftest import services_of
from tests.counting import counting
from tests.people import BOB, Client, Clock, Events, addresses, cookie, elsewhere, is_logged_in, notice, text
from tests.web.test_account import carrying, log_in, new_token, twice

GIFT: dict[str, str | list[str]] = {
    "what": 'a "gift" <b>',
    "tag": ["one", "two"],
    "new_password": "secret 1",
    "password": "secret 2",
}
PROOF = {"sudo_password": BOB["password"]}


@pytest.fixture
def given(app: Quart) -> list[dict[str, list[str]]]:
    """What was given away by a page of a site's own, which may be used in sudo only."""
    gone: list[dict[str, list[str]]] = []
    shop = Blueprint("shop", __name__)

    @shop.post("/give/<int:number>")
    @sudo_required("Give {what} to {number}, {nothing}")
    async def give(number: int) -> str:
        gone.append((await request.form).to_dict(flat=False))
        return "given"

    @shop.get("/gifts")
    @sudo_required("See all gifts")
    async def gifts() -> str:
        return "gifts"

    @shop.post("/thank")
    @sudo_required("Thank for {what}")
    def thank() -> str:  # no coroutine function: Quart takes these too
        return "thanked"

    @shop.get("/pictures")
    async def pictures() -> str:
        return "pictures"

    @shop.post("/pictures")
    @sudo_required("Keep a picture")
    async def keep() -> str:
        file = (await request.files)["picture"]
        gone.append({"picture": [file.read().decode()]})
        return "kept"

    app.register_blueprint(shop)
    return gone


@pytest.fixture
async def later(client: Client, bob: dict[str, str], time: Clock) -> Client:
    """A browser that has logged in ten minutes ago."""
    await client.post("/login", form=bob)
    time.advance(sudo.LASTS)
    return client


def fields_of(page: str) -> list[tuple[str, str]]:
    """Return the hidden fields of the page that asks."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return [(html.unescape(name), html.unescape(value)) for name, value in found]


async def test_within_ten_minutes_nobody_is_asked(
    client: Client, bob: dict[str, str], time: Clock, given: list[dict[str, list[str]]]
) -> None:
    await client.post("/login", form=bob)
    time.advance(sudo.LASTS - timedelta(seconds=1))
    assert await (await client.post("/give/7", form={"what": "it"})).get_data() == b"given"
    assert await (await client.get("/gifts")).get_data() == b"gifts"


@pytest.mark.asvs("7.5.1", "7.5.3")
async def test_later_the_page_names_the_act_and_holds_what_was_sent_but_no_password(
    later: Client, given: list[dict[str, list[str]]]
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await later.post("/give/7?x=%2F", data=urlencode(GIFT, doseq=True), headers=headers)
    page = await response.get_data(as_text=True)
    assert response.status_code == 403
    assert 'Give a "gift" <b> to 7, ' in await text(response)
    assert 'action="/give/7?x=%2F"' in page
    assert fields_of(page) == [("made_for", "1"), ("what", 'a "gift" <b>'), ("tag", "one"), ("tag", "two")]
    assert "secret" not in page
    assert given == []


@pytest.mark.asvs("7.2.4", "7.5.1")
async def test_the_same_form_with_the_password_is_carried_out_and_the_session_has_a_new_token(
    later: Client, given: list[dict[str, list[str]]]
) -> None:
    before = cookie(later, "log-in")
    response = await later.post("/give/7", form={"what": "it"} | PROOF)
    assert await response.get_data() == b"given"
    assert cookie(later, "log-in") != before
    assert await (await later.post("/give/8", form={"what": "more"})).get_data() == b"given"
    assert [each["what"] for each in given] == [["it"], ["more"]]


async def test_a_route_may_be_a_plain_function(later: Client, given: list[dict[str, list[str]]]) -> None:
    assert (await later.post("/thank", form={"what": "it"})).status_code == 403
    assert await (await later.post("/thank", form={"what": "it"} | PROOF)).get_data() == b"thanked"
    assert await (await later.post("/thank", form={"what": "it"})).get_data() == b"thanked"


async def test_who_sends_a_file_is_asked_first_and_led_back_to_choose_it_again(
    later: Client, given: list[dict[str, list[str]]]
) -> None:
    """No page can send a file a second time: it would be missing without a word."""
    picture = {"picture": FileStorage(BytesIO(b"a picture"), "picture.txt")}
    headers = {"Referer": "http://localhost/pictures?of=2"}
    response = await later.post("/pictures", form={"title": "x"}, files=picture, headers=headers)
    page = await response.get_data(as_text=True)
    assert (response.status_code, given) == (403, [])
    assert 'action="/account/sudo"' in page
    assert fields_of(page) == [("made_for", "1"), ("next", "/pictures?of=2")]
    assert "choose the file again" in await text(response)
    response = await later.post("/account/sudo", form={"next": "/pictures?of=2"} | PROOF)
    assert response.headers["Location"] == "/pictures?of=2"
    picture = {"picture": FileStorage(BytesIO(b"a picture"), "picture.txt")}
    assert await (await later.post("/pictures", files=picture)).get_data() == b"kept"
    assert given == [{"picture": ["a picture"]}]


@pytest.mark.asvs("7.5.1")
async def test_a_wrong_password_is_said_and_nothing_is_carried_out(
    later: Client, given: list[dict[str, list[str]]]
) -> None:
    before = cookie(later, "log-in")
    response = await later.post("/give/7", form={"what": "it", "sudo_password": "wrong"})
    assert response.status_code == 403
    assert "This is not your password." in await text(response)
    assert fields_of(await response.get_data(as_text=True)) == [("made_for", "1"), ("what", "it")]
    assert cookie(later, "log-in") == before
    assert given == []


@pytest.mark.parametrize("password", ["x" * 1025, "a\0b"])
async def test_what_can_be_no_password_is_refused(
    later: Client, given: list[dict[str, list[str]]], password: str
) -> None:
    assert (await later.post("/give/7", form={"sudo_password": password})).status_code == 403
    assert given == []


@pytest.mark.asvs("6.3.1", "7.5.1")
async def test_five_wrong_ones_end_this_session_and_no_other(
    app: Quart, later: Client, given: list[dict[str, list[str]]], events: Events
) -> None:
    other = await log_in(app)
    for left in range(SUDO_BY_SESSION.attempts)[::-1]:
        response = await later.post("/give/7", form={"sudo_password": "wrong"})
        assert response.status_code == (403 if left else 302)
    assert "The password was wrong too often" in await notice(later, "/login")
    assert not await is_logged_in(later)
    assert await is_logged_in(other)
    assert "sessions_revoked" in events.names
    assert given == []


async def test_beyond_the_most_the_right_password_is_not_even_checked(
    later: Client, database: Database, time: Clock, given: list[dict[str, list[str]]]
) -> None:
    """Guesses that are sent at once are all counted before one of them has revoked the session."""
    async with database.transaction() as db:
        session = await db.scalar(select(Session.id))
        for _ in range(SUDO_BY_SESSION.attempts):
            await throttle.hit(db, (SUDO_BY_SESSION, str(session)), now=time.now)
    await later.post("/give/7", form=PROOF)
    assert given == []
    assert not await is_logged_in(later)


async def test_a_right_one_clears_the_count(later: Client, time: Clock, given: list[dict[str, list[str]]]) -> None:
    for _ in range(3):
        for _ in range(SUDO_BY_SESSION.attempts - 1):
            await later.post("/give/7", form={"sudo_password": "wrong"})
        assert await (await later.post("/give/7", form=PROOF)).get_data() == b"given"
        time.advance(sudo.LASTS)
    assert await is_logged_in(later)


@pytest.mark.asvs("15.4.2")
async def test_a_double_click_on_the_page_that_asks_logs_nobody_out(
    app: Quart, later: Client, given: list[dict[str, list[str]]]
) -> None:
    responses = await twice(app, later, "/give/7", PROOF)
    assert [await each.get_data() for each in responses] == [b"given"] * 2
    tokens = [new_token(each) for each in responses]
    assert all([await is_logged_in(carrying(app, token)) for token in tokens]), "whichever the browser keeps"
    assert await is_logged_in(later), "the old one counts for the rest of the double click"


async def test_a_page_is_asked_for_by_way_of_one_form(later: Client, given: list[dict[str, list[str]]]) -> None:
    response = await later.get("/gifts?a=%2Fb")
    page = await response.get_data(as_text=True)
    assert response.status_code == 403
    assert 'action="/account/sudo"' in page
    assert fields_of(page) == [("made_for", "1"), ("next", "/gifts?a=%2Fb")]
    response = await later.post("/account/sudo", form={"next": "/gifts?a=%2Fb", "sudo_password": "wrong"})
    assert fields_of(await response.get_data(as_text=True)) == [("made_for", "1"), ("next", "/gifts?a=%2Fb")]
    response = await later.post("/account/sudo", form={"next": "/gifts?a=%2Fb"} | PROOF)
    assert response.headers["Location"] == "/gifts?a=%2Fb"
    assert await (await later.get("/gifts?a=%2Fb")).get_data() == b"gifts"


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/logout"])
async def test_it_leads_to_no_other_site(later: Client, next_: str) -> None:
    response = await later.post("/account/sudo", form={"next": next_} | PROOF)
    assert response.headers["Location"] == "/account"


async def test_a_password_in_the_address_is_no_proof(later: Client, given: list[dict[str, list[str]]]) -> None:
    assert (await later.post("/give/7", query_string=PROOF)).status_code == 403
    assert (await later.get("/gifts", query_string=PROOF)).status_code == 403


async def test_a_stranger_is_sent_to_log_in(client: Client, given: list[dict[str, list[str]]]) -> None:
    for response in (await client.get("/gifts"), await client.post("/give/7", form=PROOF)):
        assert response.headers["Location"].startswith("/login")
    assert given == []


async def test_who_comes_when_all_threads_are_busy_is_told_to_come_back(
    app: Quart, later: Client, given: list[dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_of(app).passwords.threads, "_free_places", 0)
    with counting(services_of(app).database) as costs:
        response = await later.post("/give/7", form={"what": "it"} | PROOF)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert fields_of(await response.get_data(as_text=True)) == [("made_for", "1"), ("what", "it")]
    assert not [each for each in costs.statements if "attempts" in each], "no attempt is counted"


async def test_strangers_in_line_leave_a_place_for_who_is_logged_in(
    app: Quart, later: Client, given: list[dict[str, list[str]]]
) -> None:
    passwords = services_of(app).passwords
    with ExitStack() as held:
        with suppress(TooBusy):
            for address in addresses:
                held.enter_context(passwords.place_in_line(Browser(address=address)))
        assert await (await later.post("/give/7", form={"what": "it"} | PROOF)).get_data() == b"given"


async def test_a_clock_that_was_ahead_makes_no_proof_last_longer(
    client: Client, bob: dict[str, str], time: Clock, given: list[dict[str, list[str]]]
) -> None:
    await client.post("/login", form=bob)
    time.advance(timedelta(minutes=-30))
    assert (await client.get("/gifts")).status_code == 403


@pytest.mark.asvs("7.5.1", "7.5.2", "7.5.3")
@pytest.mark.parametrize("path", ["/account/export", "/account/delete", "/account/sessions/revoke"])
async def test_what_is_sensitive_asks(later: Client, path: str) -> None:
    response = await later.post(path, form={"session": "others"})
    assert response.status_code == 403
    assert "Give your password once more" in await text(response)


async def test_another_address_may_need_it_at_the_same_time(app: Quart, bob: dict[str, str], time: Clock) -> None:
    """Two tabs, one after the other, with the cookie that the first one got."""
    client = app.test_client()
    await client.post("/login", form=bob, **elsewhere())
    time.advance(sudo.LASTS)
    first = await client.post("/account/sessions/revoke", form={"session": "others"})
    second = await client.post("/account/export")
    assert [first.status_code, second.status_code] == [403, 403]
    assert (await client.post("/account/export", form=PROOF)).status_code == 200
    response = await client.post("/account/sessions/revoke", form={"session": "others"} | PROOF)
    assert response.status_code == 302


async def test_who_asks_for_json_is_told_which_field_is_missing(
    later: Client, given: list[dict[str, list[str]]]
) -> None:
    headers = {"Accept": "application/json"}
    for form, code in (({}, "SudoRequired"), ({"sudo_password": "wrong"}, "WrongPassword")):
        response = await later.post("/give/7", form=form, headers=headers)
        assert response.status_code == 403
        said = await response.get_json()
        assert (said["code"], said["field"]) == (code, "sudo_password")
    for _ in range(SUDO_BY_SESSION.attempts - 1):
        response = await later.post("/give/7", form={"sudo_password": "wrong"}, headers=headers)
    assert (response.status_code, (await response.get_json())["code"]) == (401, "TooManyWrongPasswords")
    assert given == []
