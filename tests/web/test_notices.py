"""Notices by mail: each event that an owner wants to know of, to the address that the account has then."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select

from quart_auth_app.accounts import deletion, users
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.history.activity_kinds import KINDS, NOTICED
from quart_auth_app.mail.notices import NOTICES
from quart_auth_app.models import Mail, User
from quart_auth_app.operations import housekeeping
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox, text_of
from tests.people import BOB, Client, Clock, elsewhere
from tests.second_steps import Phone, shown_code, turn_on
from tests.web.test_account import NEW, log_in
from tests.web.test_sign_up_by_mail import with_bob


@pytest.fixture
async def mailing(make_app: MakeApp, inbox: Inbox, time: Clock) -> Quart:
    """An application that sends mail, where Bob has an account."""
    return await with_bob(make_app(MAIL_URL=inbox.url, SITE_NAME="Shop"), inbox, time)


@pytest.fixture
async def client(mailing: Quart, time: Clock) -> Client:
    """Bob's browser."""
    client = await log_in(mailing)
    time.advance(timedelta(minutes=1))
    return client


def subjects(inbox: Inbox) -> list[str]:
    """Return what Bob was told after his sign-up."""
    return [mail["Subject"].removeprefix("Shop: ") for mail in inbox.to(BOB["email"])[1:]]


async def by_recovery_code(client: Client, phone: Phone) -> None:
    """Log in by a recovery code, from another browser."""
    await client.post("/login", form=BOB, **elsewhere())
    await client.post("/login/second-step", form={"code": phone.recovery_codes[0]})


@pytest.mark.asvs("6.3.7")
@pytest.mark.parametrize(
    ("path", "form", "subject"),
    [
        ("/account/password", NEW, "your password was changed"),
        ("/account/export", {}, "your data were downloaded"),
        ("/account/delete", {}, "your account will be deleted"),
        ("/account/second-step/off", {}, "the second step is off"),
        ("/account/second-step/recovery-codes", {}, "new recovery codes"),
    ],
)
async def test_an_act_on_the_account_is_told(
    mailing: Quart, client: Client, inbox: Inbox, path: str, form: dict[str, str], subject: str
) -> None:
    if "second-step" in path:
        await turn_on(mailing)
    await client.post(path, form=form, headers={"User-Agent": "evil Firefox/120 Linux"})
    assert subjects(inbox) == [subject]
    said = " ".join(text_of(inbox.last(BOB["email"])).split())
    assert "2030-01-01 at 00:03 UTC, from Firefox on Linux at " in said
    assert "evil" not in said


@pytest.mark.asvs("6.3.7")
async def test_a_second_step_that_is_turned_on_is_told(client: Client, inbox: Inbox) -> None:
    await client.post("/account/second-step")
    await client.post("/account/second-step/confirm", form={"code": await shown_code(client)})
    assert subjects(inbox) == ["the second step is on"]


@pytest.mark.asvs("6.3.5")
async def test_a_log_in_by_a_recovery_code_is_told(mailing: Quart, client: Client, inbox: Inbox) -> None:
    await by_recovery_code(mailing.test_client(), await turn_on(mailing))
    assert subjects(inbox) == ["a recovery code was used", "log-in from another browser"]


@pytest.mark.asvs("6.3.5")
async def test_a_log_in_from_a_new_browser_is_told_but_for_the_first(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    assert subjects(inbox) == [], "the first after the sign-up"
    await client.post("/logout")
    await client.post("/login", form=BOB, **elsewhere())
    assert subjects(inbox) == [], "a browser that is known"
    await log_in(mailing)
    assert subjects(inbox) == ["log-in from another browser"]


@pytest.mark.parametrize(
    ("act", "subject"),
    [(users.reset_second_step, "the second step is off"), (users.delete_user, "your account is deleted")],
)
async def test_what_an_operator_does_is_told(
    mailing: Quart, client: Client, inbox: Inbox, act: Callable[..., Awaitable[object]], subject: str
) -> None:
    await turn_on(mailing)
    async with services_of(mailing).database.transaction() as db:
        await act(db, user=(await db.scalars(select(User))).one())
    await send(mailing)
    assert subjects(inbox) == [subject]
    if "second" in subject:
        assert "by the operator of the site" in " ".join(text_of(inbox.last(BOB["email"])).split())


async def send(app: Quart) -> None:
    """Send what waits."""
    sender = services_of(app).sender
    assert sender
    await sender.send_due()


@pytest.mark.asvs("6.3.5")
async def test_twenty_failures_in_a_day_are_told_once_a_day(mailing: Quart, inbox: Inbox, time: Clock) -> None:
    services = services_of(mailing)
    for hour, told in enumerate([0, 1, 1]):
        for number in range(11):
            await mailing.test_client().post("/login", form=BOB | {"password": f"guess {number}"}, **elsewhere())
            time.advance(timedelta(minutes=5))
        await services.failed_log_ins.write(services.database.transaction, now=time.now)
        await send(mailing)
        assert subjects(inbox) == ["somebody guesses at your password"] * told, hour
    assert "22 log-ins to your account have failed" in " ".join(text_of(inbox.last(BOB["email"])).split())


async def test_nineteen_failures_in_a_day_are_not_told(mailing: Quart, inbox: Inbox, time: Clock) -> None:
    services = services_of(mailing)
    for failures, day, told in ((19, 0, 0), (19, 1, 0), (1, 1, 1)):
        for _ in range(failures):
            services.failed_log_ins.count(email=BOB["email"], browser=OPERATOR)
        await services.failed_log_ins.write(services.database.transaction, now=time.now + timedelta(days=day))
        await send(mailing)
        assert subjects(inbox) == ["somebody guesses at your password"] * told


@pytest.mark.asvs("6.3.7")
async def test_a_deletion_is_told_when_it_is_asked_for_once_two_days_before_and_when_it_is_done(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await client.post("/account/delete")
    expected = ["your account will be deleted"]
    for step, news in (
        (deletion.GRACE - deletion.WARNING - timedelta(hours=1), []),
        (timedelta(hours=1), ["your account will be deleted soon"]),
        (timedelta(hours=1), []),
        (deletion.WARNING, ["your account is deleted"]),
    ):
        time.advance(step)
        await housekeeping.keep_house(services_of(mailing).database, now=time.now)
        await send(mailing)
        assert subjects(inbox) == (expected := expected + news)
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(Mail))).all() == [], "the address is kept nowhere"


async def test_a_notice_is_there_with_the_act_or_not_at_all(mailing: Quart, client: Client, time: Clock) -> None:
    database = services_of(mailing).database

    async def act_and_fail() -> None:
        async with database.transaction() as db:
            await deletion.ask(db, user_id=1, found=None, browser=OPERATOR, now=time.now)
            assert (await db.scalars(select(Mail.kind))).all() == ["deletion_asked"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act_and_fail()
    async with database.reading() as db:
        assert (await db.scalars(select(Mail))).all() == []


def test_every_event_that_is_noticed_has_a_letter() -> None:
    special = {"email_change_asked", "email_changed", "email_change_undone"}
    assert NOTICED - special <= NOTICES.keys()
    assert KINDS.keys() >= NOTICED
