"""The sender: takes due mails from the outbox, one after the other.

Each mail is sent at least once. A sender claims a mail, and no other sends it meanwhile. After a `kill -9` between the
mail server's “250” and the deletion of the row, the mail is sent again, with the same Message-ID.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from quart_auth_app import clock
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.languages import Languages
from quart_auth_app.mail import claims, letters
from quart_auth_app.mail.delivery import Delivery
from quart_auth_app.mail.site import Site
from quart_auth_app.mail.transports import Delayed, Refused, Unanswered, Unreachable, transport
from quart_auth_app.models import Mail
from quart_auth_app.settings import Settings

PAUSE = timedelta(seconds=30)
"""How long the sender pauses if the mail server can't be reached."""

POLL = 5.0
"""Seconds between two checks of the outbox for mails of other workers."""

MAX_UNANSWERED = 5
"""Tries of a mail after which no other is made if the server hasn't answered the last: each may have arrived."""

_log = logging.getLogger("quart_auth_app.mail")


def sender(settings: Settings, database: Database, passwords: Passwords, languages: Languages) -> "Sender | None":
    """Return the sender of this application's mails, None if mail is off."""
    if not settings.mail_url:
        return None
    delivery = Delivery(
        transport(settings.mail_url, site=settings.base_url),
        database=database,
        passwords=passwords,
        site=Site(settings.site_name, settings.base_url, settings.sign_up_open),
        languages=languages,
        address=settings.mail_from,
    )
    return Sender(database, delivery)


class Sender:
    """Sends the mails of one application."""

    def __init__(self, database: Database, delivery: Delivery) -> None:
        self.delivery = delivery
        self._database = database
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
        """Send in a task until the end of the block. A mail that is being sent then has LEAVE_WITHIN seconds left."""
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
            self.delivery.hurry()
            await task
            self.delivery.take_time()

    async def send_due(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Send every due mail. Raises nothing: errors are logged."""
        try:
            while not stopped() and not self._is_paused() and (mail := await claims.claim(self._database)):
                await self._send(mail)
        except DatabaseAway:
            _log.warning("the outbox can't be read, trying again later", exc_info=True)
        except Exception:
            _log.exception("the outbox has a fault of ours, trying again later")

    def _is_paused(self) -> bool:
        now, until = clock.now(), self._paused_until
        return until is not None and now < until <= now + PAUSE  # if the clock was set back, not for longer than PAUSE

    async def _send(self, mail: Mail) -> None:
        now = clock.now()
        if now >= mail.give_up_at:
            await self._fail(mail, "it could not be sent in time")
            return
        try:
            await self.delivery.deliver(mail, now=now)
            await claims.delete_sent(self._database, mail)
        except Unreachable as error:
            _log.warning("the mail server can't be used, trying again later: %s", error)
            self._paused_until = clock.now() + PAUSE
            await claims.change(self._database, mail, due_at=now, attempts=mail.attempts - 1)
        except (Refused, letters.AddressNotSendable) as error:
            await self._fail(mail, str(error))
        except Delayed as error:
            if isinstance(error, Unanswered) and mail.attempts >= MAX_UNANSWERED:
                await self._fail(mail, f"it may have arrived, but the mail server doesn't say so: {error}")
                return
            _log.info("mail %s is delayed: %s", mail.id, error)
            await claims.change(self._database, mail, due_at=clock.now() + claims.wait_after(mail.attempts))
        except DatabaseAway:
            raise
        except Exception as error:
            _log.exception("mail %s can't be written", mail.id)
            await self._fail(mail, f"a fault of ours: {type(error).__name__}")

    async def _fail(self, mail: Mail, reason: str) -> None:
        _log.error("mail %s has failed: %s", mail.id, reason)
        await claims.change(self._database, mail, failed=reason[:255])
