"""The sender: each mail once, later if need be, and what goes wrong with one does not touch the others."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage

import pytest
from quart import Quart
from sqlalchemy import select, update

from quart_auth_app.accounts import outbox
from quart_auth_app.mail import claims, composing, delivery, sending
from quart_auth_app.mail.letters import Letter, Paragraph
from quart_auth_app.mail.sending import Sender
from quart_auth_app.mail.transports import Delayed, Refused, Unanswered, Unreachable
from quart_auth_app.models import Mail
from tests import plans
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import Clock


class Server:
    """A mail server that does what it is told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.tries = 0
        self.answer: Exception | None = None
        self.takes = 0.0

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Take the mail, or answer otherwise."""
        self.tries += 1
        await asyncio.sleep(self.takes)
        if self.answer:
            raise self.answer
        self.mails.append(message)

    async def check(self) -> None:
        """Be there."""


@pytest.fixture
def app(make_app: MakeApp, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> Quart:
    """An application that sends mail."""

    async def hello(*_: object) -> Letter:
        return Letter("Hello", [Paragraph("Hello.")])

    monkeypatch.setitem(composing.KINDS, "test", hello)
    return make_app(MAIL_URL=inbox.url)


@pytest.fixture
def sender(app: Quart) -> Sender:
    """What sends its mail."""
    found = services_of(app).sender
    assert found
    return found


@pytest.fixture
def server(sender: Sender) -> Server:
    """The mail server that it sends to."""
    sender.delivery.transport = server = Server()
    return server


async def queue(
    app: Quart, time: Clock, count: int = 1, kind: str = "test", lasts: timedelta = outbox.NOTICE_LASTS
) -> None:
    """Ask for mails."""
    async with services_of(app).database.transaction() as db:
        for number in range(count):
            await outbox.queue(db, kind=kind, to=f"bob{number}@example.com", now=time.now, lasts=lasts)


async def left(app: Quart) -> list[Mail]:
    """Return what is in the outbox."""
    async with services_of(app).database.reading() as db:
        return list(await db.scalars(select(Mail).order_by(Mail.id)))


async def test_several_senders_send_each_mail_once(app: Quart, sender: Sender, server: Server, time: Clock) -> None:
    await queue(app, time, 30)
    await asyncio.gather(*(sender.send_due() for _ in range(4)))
    assert len({str(mail["To"]) for mail in server.mails}) == len(server.mails) == 30
    assert await left(app) == []


async def test_a_delayed_mail_is_tried_less_and_less_often_with_the_same_number(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    server.answer = Delayed("451 later")
    await queue(app, time)
    for wait in (*claims.BACKOFF, claims.LATER, claims.LATER):
        await sender.send_due()
        tries = server.tries
        time.advance(wait - timedelta(seconds=1))
        await sender.send_due()
        assert server.tries == tries
        time.advance(timedelta(seconds=1))
    number = (await left(app))[0].message_id
    server.answer = None
    await sender.send_due()
    assert [mail["Message-ID"] for mail in server.mails] == [number]


async def test_a_refused_mail_has_failed_and_the_others_go(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    server.answer = Refused("550 no such user")
    await queue(app, time)
    await sender.send_due()
    server.answer = None
    await queue(app, time, 2)
    await sender.send_due()
    assert ([mail.failed for mail in await left(app)], len(server.mails)) == (["550 no such user"], 2)


async def test_a_mail_that_cant_be_written_hurts_no_other(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    await queue(app, time, kind="nonsense")
    await queue(app, time, 2)
    await sender.send_due()
    assert ([mail.failed for mail in await left(app)], len(server.mails)) == (["a fault of ours: KeyError"], 2)


async def test_a_server_that_is_away_pauses_the_sender_and_costs_nobody_a_try(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    server.answer = Unreachable("refused")
    await queue(app, time, 3)
    await sender.send_due()
    await sender.send_due()
    assert server.tries == 1
    assert [mail.attempts for mail in await left(app)] == [0, 0, 0]
    server.answer = None
    time.advance(sending.PAUSE)
    await sender.send_due()
    assert len(server.mails) == 3


async def test_a_mail_that_may_have_arrived_is_sent_a_few_times_and_not_for_days(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    server.answer = Unanswered("nothing")
    await queue(app, time)
    for _ in range(75):
        await sender.send_due()
        time.advance(claims.LATER)
    assert server.tries == sending.MAX_UNANSWERED
    said = "it may have arrived, but the mail server doesn't say so: nothing"
    assert [mail.failed for mail in await left(app)] == [said]


async def test_a_mail_that_never_left_in_time_is_in_the_error_log(
    app: Quart, sender: Sender, server: Server, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = Delayed("451 later")
    await queue(app, time)
    time.advance(outbox.NOTICE_LASTS)
    await sender.send_due()
    assert [(each.levelname, each.getMessage()) for each in caplog.records if each.name.endswith(".mail")] == [
        ("ERROR", "mail 1 has failed: it could not be sent in time")
    ]


async def test_whatever_goes_wrong_the_sender_goes_on(
    app: Quart, sender: Sender, server: Server, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "POLL", 0.01)
    await queue(app, time)
    with monkeypatch.context() as broken:
        broken.setattr(claims, "claim", lambda _: 1 / 0)
        async with sender.running():
            await asyncio.sleep(0.05)
            broken.undo()
            async with asyncio.timeout(5):
                while not server.mails:  # noqa: ASYNC110  # the sender tells nobody
                    await asyncio.sleep(0.01)


async def test_a_stop_waits_a_moment_for_the_mail_that_is_on_its_way(
    app: Quart, sender: Sender, server: Server, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as long as a mail server may take: hypercorn's time for a stop would be over."""
    monkeypatch.setattr(delivery, "LEAVE_WITHIN", 0.2)
    server.takes = 30
    await queue(app, time)
    async with asyncio.timeout(5), sender.running():
        while not server.tries:  # noqa: ASYNC110  # the sender tells nobody
            await asyncio.sleep(0.01)
    (mail,) = await left(app)
    assert (mail.due_at, mail.failed) == (time.now + claims.BACKOFF[0], None)
    server.takes = 0
    time.advance(claims.BACKOFF[0])
    await sender.send_due()
    assert [str(mail["Message-ID"]) for mail in server.mails] == [mail.message_id]


async def test_a_claimed_mail_comes_back_after_its_lease(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    database = services_of(app).database
    await queue(app, time)
    claimed = await claims.claim(database)
    assert claimed
    await sender.send_due()
    assert server.mails == []
    time.advance(claims.LEASE)
    await sender.send_due()
    assert [mail["Message-ID"] for mail in server.mails] == [claimed.message_id]
    await queue(app, time)
    slow = await claims.claim(database)
    assert slow
    time.advance(claims.LEASE)
    assert await claims.claim(database)
    await claims.change(database, slow, failed="the slow sender's")
    assert [mail.failed for mail in await left(app)] == [None], "it is another's claim"


async def test_a_mail_that_nobody_waits_for_any_more_has_failed(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    await queue(app, time)
    time.advance(outbox.NOTICE_LASTS)
    await sender.send_due()
    assert ([mail.failed for mail in await left(app)], server.mails) == (["it could not be sent in time"], [])


async def test_while_served_a_task_sends(make_app: MakeApp, inbox: Inbox) -> None:
    app = make_app(MAIL_URL=inbox.url)
    async with app.test_app() as served:
        response = await served.test_client().post("/forgot-password", form={"email": "bob@example.com"})
        assert response.status_code == 200
        async with asyncio.timeout(10):
            while not inbox.mails:  # noqa: ASYNC110  # the sender tells nobody
                await asyncio.sleep(0.02)


async def test_a_clock_that_was_ahead_holds_up_neither_a_mail_nor_the_sender(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    time.advance(timedelta(days=1))
    server.answer = Unreachable("refused")
    await queue(app, time, 2)
    await sender.send_due()
    time.advance(-timedelta(days=1))
    server.answer = None
    await sender.send_due()
    assert len(server.mails) == 2


@pytest.mark.parametrize("lasts", [outbox.LINK_LASTS, outbox.NOTICE_LASTS])
async def test_a_mail_of_a_clock_that_was_ahead_is_tried_for_its_usual_time(
    app: Quart, sender: Sender, server: Server, time: Clock, lasts: timedelta
) -> None:
    time.advance(timedelta(days=365))
    server.answer = Delayed("451 later")
    await queue(app, time, lasts=lasts)
    time.advance(-timedelta(days=365))
    await sender.send_due()
    time.advance(lasts - timedelta(seconds=1))
    await sender.send_due()
    time.advance(claims.LATER)
    await sender.send_due()
    assert ([mail.failed for mail in await left(app)], server.tries) == (["it could not be sent in time"], 2)


@pytest.mark.parametrize("answer", [Delayed("451 later"), Unreachable("refused")], ids=str)
async def test_a_mail_that_a_clock_in_another_time_zone_tried_is_still_sent_when_the_clock_is_right(
    app: Quart, sender: Sender, server: Server, time: Clock, answer: Exception
) -> None:
    await queue(app, time, lasts=outbox.LINK_LASTS)
    time.advance(-timedelta(hours=14))
    server.answer = answer
    await sender.send_due()
    time.advance(timedelta(hours=14, minutes=5))
    server.answer = None
    await sender.send_due()
    assert (len(server.mails), await left(app)) == (1, [])


@pytest.mark.parametrize(("answer", "fails_again"), [(Delayed("451 later"), False), (Refused("550 no"), True)], ids=str)
async def test_so_is_one_that_was_sent_again_while_the_clock_was_ahead(
    app: Quart, sender: Sender, server: Server, time: Clock, answer: Exception, fails_again: bool
) -> None:
    server.answer = Refused("550 no such user")
    await queue(app, time)
    await sender.send_due()
    async with services_of(app).database.transaction() as db:
        await outbox.retry(db, [1], now=time.now + timedelta(days=365))
    server.answer = answer
    await sender.send_due()
    (mail,) = await left(app)
    assert (mail.give_up_at, bool(mail.failed)) == (time.now + outbox.NOTICE_LASTS, fails_again)


async def test_a_mail_that_is_due_within_the_hour_is_left_until_then(
    app: Quart, sender: Sender, server: Server, time: Clock
) -> None:
    """However a clock may jump: another process may be sending it, or the server has asked to come back later."""
    await queue(app, time)
    for wait in (claims.LEASE, claims.LATER):
        async with services_of(app).database.transaction() as db:
            await db.execute(update(Mail).values(due_at=time.now + wait))
        await sender.send_due()
    assert server.mails == []


async def test_the_sender_reads_no_mail_but_the_one_that_is_due(app: Quart, sender: Sender, time: Clock) -> None:
    database = services_of(app).database
    await queue(app, time)
    with plans.sent_to(database) as sent:
        await sender.send_due()
    assert len([sql for sql in sent if "mail.failed IS NULL" in sql]) == 3, (
        "looked for, claimed, and looked for far ahead"
    )
    assert await plans.whole_reads(database, sent) == {}
