"""The sender: takes due mails from the outbox, one after the other.

Each mail is sent at least once. A sender claims a mail for LEASE, and no other sends it meanwhile. After a `kill -9`
between the mail server's “250” and the deletion of the row, the mail is sent again, with the same Message-ID.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.languages import Languages
from quart_auth_app.mail import letters
from quart_auth_app.mail.composing import compose, test_letter
from quart_auth_app.mail.letters import Letter
from quart_auth_app.mail.site import Site
from quart_auth_app.mail.transports import Delayed, Refused, Transport, Unreachable, transport
from quart_auth_app.models import Mail
from quart_auth_app.settings import Settings

LEASE = timedelta(minutes=2)
"""How long a claim lasts; sending takes at most `transports.TIMEOUT` and one hash."""

BACKOFF = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
LATER = timedelta(hours=1)
"""The wait after the first, second, … try, and after all further ones. Greylisting ends within minutes."""

PAUSE = timedelta(seconds=30)
"""How long the sender pauses if the mail server can't be reached."""

CLOCKS = timedelta(minutes=1)
"""By how much clocks may differ. If a mail is due later than LATER and this, a clock was ahead: it is due now."""

POLL = 5.0
"""Seconds between two checks of the outbox for mails of other workers."""

_log = logging.getLogger("quart_auth_app.mail")

_waiting = select(Mail.id).where(Mail.failed.is_(None)).order_by(Mail.due_at, Mail.id).limit(1)


def sender(settings: Settings, database: Database, passwords: Passwords, languages: Languages) -> "Sender | None":
    """Return the sender of this application's mails, None if mail is off."""
    if not settings.mail_url:
        return None
    return Sender(
        database,
        passwords,
        transport(settings.mail_url, site=settings.base_url),
        site=Site(settings.site_name, settings.base_url, settings.sign_up_open),
        languages=languages,
        address=settings.mail_from,
    )


class Sender:
    """Sends the mails of one application."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        transport: Transport,
        *,
        site: Site,
        languages: Languages,
        address: str,
    ) -> None:
        self.transport = transport
        self._database = database
        self._passwords = passwords
        self._site = site
        self._languages = languages
        self._address = address
        self._paused_until: datetime | None = None
        self._due = asyncio.Event()
        self.is_running = False
        """Whether a task of the server sends; otherwise each request that may have queued mail sends it itself."""

    async def after_response(self) -> None:
        """Send the mails that the request has queued, after its response was sent."""
        if self.is_running:
            self._due.set()
        else:
            await self.send_due()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send in a task until the end of the block. A mail that is being sent then is finished."""
        stopped = False

        async def work() -> None:
            while not stopped:
                self._due.clear()
                await self.send_due(lambda: stopped)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), POLL)

        self._due = asyncio.Event()
        self.is_running = True
        task = asyncio.create_task(work())
        try:
            yield
        finally:
            stopped = True
            self.is_running = False
            self._due.set()
            await task

    async def send_due(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Send every due mail. Raises nothing: errors are logged."""
        try:
            while not stopped() and not self._is_paused() and (mail := await self._claim()):
                await self._send(mail)
        except DatabaseAway:
            _log.warning("the outbox can't be read, trying again later", exc_info=True)

    def _is_paused(self) -> bool:
        now = clock.now()
        return (
            self._paused_until is not None and now < self._paused_until <= now + PAUSE
        )  # in case the clock is set back

    async def _claim(self) -> Mail | None:
        """Claim a due mail and return it, or None."""
        now = clock.now()
        # One after the other: joined by OR, they would make the database read all mail that waits for its next try.
        first = await self._claim_first(Mail.due_at <= now, now)
        return first or await self._claim_first(Mail.due_at > now + LATER + CLOCKS, now)

    async def _claim_first(self, is_due: ColumnElement[bool], now: datetime) -> Mail | None:
        # One statement claims, so that only one of several senders gets the mail.
        next_one = _waiting.where(is_due)
        async with self._database.reading() as db:  # without a write lock: the outbox is mostly empty
            if await db.scalar(next_one) is None:
                return None
        async with self._database.transaction() as db:
            which = next_one.with_for_update(skip_locked=True).scalar_subquery()
            query = update(Mail).where(Mail.id == which).values(due_at=now + LEASE, attempts=Mail.attempts + 1)
            mail: Mail | None = await db.scalar(query.returning(Mail).execution_options(synchronize_session=False))
            return mail

    async def _send(self, mail: Mail) -> None:
        now = clock.now()
        if now >= mail.give_up_at:
            await self._change(mail, failed="it could not be sent in time")
            return
        try:
            await self._try(mail, now)
        except Unreachable as error:
            _log.warning("the mail server can't be used, trying again later: %s", error)
            self._paused_until = clock.now() + PAUSE
            await self._change(mail, due_at=now, attempts=mail.attempts - 1)
        except (Refused, letters.AddressNotSendable) as error:
            await self._fail(mail, str(error))
        except Delayed as error:
            _log.info("mail %s is delayed: %s", mail.id, error)
            waits = BACKOFF[mail.attempts - 1] if mail.attempts <= len(BACKOFF) else LATER
            await self._change(mail, due_at=clock.now() + waits)
        except DatabaseAway:
            raise
        except Exception as error:
            _log.exception("mail %s can't be written", mail.id)
            await self._fail(mail, f"a fault of ours: {type(error).__name__}")

    async def _try(self, mail: Mail, now: datetime) -> None:
        composed = await compose(
            self._database.transaction, self._passwords, self._languages, mail=mail, site=self._site, now=now
        )
        if composed:
            letter, to = composed
            await self._hand_over(letter, to=to, message_id=mail.message_id, now=now)
        async with self._database.transaction() as db:
            await db.execute(delete(Mail).where(*_still_ours(mail)))

    async def _hand_over(self, letter: Letter, *, to: str, message_id: str, now: datetime) -> None:
        message = letters.message(
            letter, to=to, sender=self._address, site_name=self._site.name, message_id=message_id, now=now
        )
        await self.transport.send(message, sender=self._address, recipient=letters.recipient(to))

    async def send_test(self, *, to: str) -> str:
        """Send the test letter at once, and return its Message-ID.

        Raises Unreachable, Refused, Delayed or AddressNotSendable.
        """
        message_id = outbox.new_message_id(outbox.info(self._address))
        await self._hand_over(test_letter(self._site), to=to, message_id=message_id, now=clock.now())
        return message_id

    async def _fail(self, mail: Mail, reason: str) -> None:
        _log.error("mail %s has failed: %s", mail.id, reason)
        await self._change(mail, failed=reason[:255])

    async def _change(self, mail: Mail, **values: object) -> None:
        async with self._database.transaction() as db:
            await _update(db, mail, values)


async def _update(db: AsyncSession, mail: Mail, values: dict[str, object]) -> None:
    query = update(Mail).where(*_still_ours(mail)).values(values)
    await db.execute(query.execution_options(synchronize_session=False))


def _still_ours(mail: Mail) -> tuple[ColumnElement[bool], ...]:
    # A sender that took longer than LEASE must not change a mail that another one has claimed since.
    return Mail.id == mail.id, Mail.attempts == mail.attempts
