"""Setting the second step up, its recovery codes, and turning it off."""

import asyncio
import re
from datetime import timedelta

import pytest
from quart import Quart

from quart_auth_app.accounts.factors import totp
from tests.people import BOB, EVE, Client, Clock, Events, is_logged_in
from tests.second_steps import Phone, shown_seed, turn_on

STEP = timedelta(seconds=30)
PAGE = "/account/second-step"


@pytest.fixture
async def inside(client: Client, bob: dict[str, str], time: Clock) -> Client:
    """A browser in which Bob has just logged in."""
    await client.post("/login", form=bob)
    return client


async def text(client: Client, path: str = PAGE) -> str:
    """Return a page's source."""
    return await (await client.get(path)).get_data(as_text=True)


async def seed_of(client: Client) -> bytes:
    """Begin to set up an app, and return the seed that the page shows."""
    assert (await client.post(PAGE)).headers["Location"] == PAGE
    seed = await shown_seed(client)
    assert totp.key(seed) in await text(client)
    return seed


async def confirm(client: Client, seed: bytes, time: Clock) -> list[str]:
    """Turn the second step on, and return the recovery codes that the page shows."""
    response = await client.post(f"{PAGE}/confirm", form={"code": totp.code(seed, totp.step_at(time.now))})
    assert response.status_code == 200
    return re.findall(r"<li><code>([0-9A-Z-]{29})</code>", await response.get_data(as_text=True))


@pytest.mark.asvs("6.3.3", "6.5.1")
async def test_set_up_with_the_page_alone_then_log_in_with_it(
    app: Quart, inside: Client, bob: dict[str, str], time: Clock, events: Events
) -> None:
    assert "The second step is off" in await text(inside)
    seed = await seed_of(inside)
    codes = await confirm(inside, seed, time)
    assert len(codes) == 10
    assert events.all[-1]["event"] == "second_step_on"
    assert "The second step is on" in await text(inside)
    assert "You have 10 left." in await text(inside)
    other = app.test_client()
    time.advance(STEP)
    await other.post("/login", form=bob)
    assert not await is_logged_in(other)
    await other.post("/login/second-step", form={"code": totp.code(seed, totp.step_at(time.now))})
    assert await is_logged_in(other)


async def test_the_picture_is_inline_and_has_nothing_that_the_csp_refuses(inside: Client) -> None:
    await seed_of(inside)
    source = await text(inside)
    assert "<svg" in source
    assert "style=" not in source
    assert "data:" not in source


@pytest.mark.asvs("7.2.4", "7.4.3")
async def test_turning_it_on_logs_all_other_devices_out_and_gives_this_one_a_new_token(
    app: Quart, inside: Client, bob: dict[str, str], time: Clock
) -> None:
    other = app.test_client()
    await other.post("/login", form=bob)
    seed = await seed_of(inside)
    await confirm(inside, seed, time)
    assert await is_logged_in(inside)
    assert not await is_logged_in(other)


async def test_a_wrong_code_says_so_beside_the_same_picture(inside: Client, time: Clock) -> None:
    seed = await seed_of(inside)
    response = await inside.post(f"{PAGE}/confirm", form={"code": "000000"})
    assert response.headers["Location"] == PAGE
    page = await text(inside)
    assert "This code is wrong or was used already." in page
    assert await seed_of(inside) == seed


async def test_a_wrong_clock_is_named_while_setting_up(inside: Client, time: Clock) -> None:
    seed = await seed_of(inside)
    late = totp.code(seed, totp.step_at(time.now) - 8)
    await inside.post(f"{PAGE}/confirm", form={"code": late})
    assert "Please set the clock of your phone to automatic." in await text(inside)


async def test_two_clicks_on_confirm_both_show_codes_and_log_nobody_out(inside: Client, time: Clock) -> None:
    seed = await seed_of(inside)
    code = totp.code(seed, totp.step_at(time.now))
    answers = await asyncio.gather(*(inside.post(f"{PAGE}/confirm", form={"code": code}) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert await is_logged_in(inside)


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/confirm", f"{PAGE}/recovery-codes", f"{PAGE}/off"])
@pytest.mark.asvs("7.5.1")
async def test_after_ten_minutes_the_password_and_a_code_are_asked_for(
    app: Quart, inside: Client, time: Clock, events: Events, path: str
) -> None:
    phone = await turn_on(app)
    time.advance(timedelta(minutes=10))
    asked = await inside.post(path)
    assert asked.status_code == 403
    assert 'name="sudo_code"' in await asked.get_data(as_text=True)
    for proof in [
        {"sudo_password": BOB["password"]},
        {"sudo_password": BOB["password"], "sudo_code": "000000"},
        {"sudo_password": "wrong", "sudo_code": phone.code()},
    ]:
        assert (await inside.post(path, form=proof)).status_code == 403
    reasons = [event["reason"] for event in events.all if event["event"] == "input_refused"]
    assert reasons == ["WrongSudoCode", "WrongSudoCode", "WrongPassword"], "no guess goes unseen"
    right = {"sudo_password": BOB["password"], "sudo_code": phone.code()}
    assert (await inside.post(path, form=right)).status_code in {200, 302}


@pytest.mark.asvs("6.5.1")
async def test_a_code_that_proved_who_one_is_does_not_log_in(
    app: Quart, inside: Client, bob: dict[str, str], time: Clock
) -> None:
    phone = await turn_on(app)
    time.advance(timedelta(minutes=10))
    await inside.post(PAGE, form={"sudo_password": BOB["password"], "sudo_code": phone.code()})
    other = app.test_client()
    await other.post("/login", form=bob)
    await other.post("/login/second-step", form={"code": phone.code()})
    assert not await is_logged_in(other)


@pytest.mark.asvs("6.5.6")
async def test_turned_off_the_password_alone_logs_in(
    app: Quart, inside: Client, bob: dict[str, str], events: Events
) -> None:
    await turn_on(app)
    assert (await inside.post(f"{PAGE}/off")).headers["Location"] == PAGE
    assert events.all[-1]["event"] == "second_step_off"
    other = app.test_client()
    await other.post("/login", form=bob)
    assert await is_logged_in(other)


async def test_new_recovery_codes_replace_the_old_ones(app: Quart, inside: Client, bob: dict[str, str]) -> None:
    phone = await turn_on(app)
    page = await (await inside.post(f"{PAGE}/recovery-codes")).get_data(as_text=True)
    new = re.findall(r"<li><code>([0-9A-Z-]{29})</code>", page)
    other = app.test_client()
    await other.post("/login", form=bob)
    await other.post("/login/second-step", form={"code": phone.recovery_codes[0]})
    assert not await is_logged_in(other)
    await other.post("/login/second-step", form={"code": new[0]})
    assert await is_logged_in(other)


async def test_few_codes_left_is_said(app: Quart, inside: Client, bob: dict[str, str], unthrottled: None) -> None:
    phone = await turn_on(app)
    for code in phone.recovery_codes[:7]:
        other = app.test_client()
        await other.post("/login", form=bob)
        await other.post("/login/second-step", form={"code": code})
    assert "Only 3 of your recovery codes are left." in await text(inside)


async def test_the_codes_can_be_downloaded_and_nothing_else_comes_back(inside: Client, app: Quart) -> None:
    phone = await turn_on(app)
    shown = [*phone.recovery_codes, "<script>alert(1)</script>"]
    response = await inside.post(f"{PAGE}/recovery-codes/text", form={"shown": phone.recovery_codes[0]})
    assert response.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert response.mimetype == "text/plain"
    assert phone.recovery_codes[0] in await response.get_data(as_text=True)
    response = await inside.post(f"{PAGE}/recovery-codes/text", form={"shown": shown[-1]})
    assert "script" not in await response.get_data(as_text=True)


async def test_what_others_set_up_is_not_shown(app: Quart, inside: Client, time: Clock) -> None:
    seed = await seed_of(inside)
    eve = app.test_client()
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE)
    assert await seed_of(eve) != seed


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/confirm", f"{PAGE}/off", f"{PAGE}/recovery-codes"])
async def test_strangers_are_sent_to_log_in(client: Client, path: str) -> None:
    assert (await client.post(path)).headers["Location"].startswith("/login")


async def test_the_account_page_leads_here(inside: Client) -> None:
    assert f'href="{PAGE}"' in await text(inside, "/account")


async def test_a_phone_that_is_lost_does_not_end_what_is_logged_in(inside: Client, app: Quart, time: Clock) -> None:
    phone: Phone = await turn_on(app)
    time.advance(timedelta(minutes=20))
    proof = {"sudo_password": BOB["password"], "sudo_code": phone.recovery_codes[0]}
    assert (await inside.post(f"{PAGE}/off", form=proof)).headers["Location"] == PAGE
