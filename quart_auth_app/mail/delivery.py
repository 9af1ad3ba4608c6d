"""Composes a mail, hands it over to the mail server, and waits for its answer."""

import asyncio
from datetime import datetime

from quart_auth_app import clock
from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.languages import Languages
from quart_auth_app.mail import letters
from quart_auth_app.mail.composing import compose, test_letter
from quart_auth_app.mail.letters import Letter
from quart_auth_app.mail.site import Site
from quart_auth_app.mail.transports import Transport, Unanswered
from quart_auth_app.models import Mail

LEAVE_WITHIN = 6.0
"""Seconds for the mail that is being sent when the server stops, less than the `graceful_timeout` of hypercorn.toml."""


class Delivery:
    """Delivers the mails of one site, which come from `address`."""

    def __init__(
        self,
        transport: Transport,
        *,
        database: Database,
        passwords: Passwords,
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
        self._leave_by: float | None = None
        self._time_limits: set[asyncio.Timeout] = set()

    async def deliver(self, mail: Mail, *, now: datetime) -> None:
        """Send the mail, unless there is nothing to say any more.

        Raises Unreachable, Refused, Delayed or AddressNotSendable.
        """
        composed = await compose(
            self._database.transaction, self._passwords, self._languages, mail=mail, site=self._site, now=now
        )
        if composed:
            letter, to = composed
            await self._hand_over(letter, to=to, message_id=mail.message_id, now=now)

    async def send_test(self, *, to: str) -> str:
        """Send the test letter at once, and return its Message-ID.

        Raises Unreachable, Refused, Delayed or AddressNotSendable.
        """
        message_id = outbox.new_message_id(outbox.info(self._address))
        await self._hand_over(test_letter(self._site), to=to, message_id=message_id, now=clock.now())
        return message_id

    async def _hand_over(self, letter: Letter, *, to: str, message_id: str, now: datetime) -> None:
        message = letters.message(
            letter, to=to, sender=self._address, site_name=self._site.name, message_id=message_id, now=now
        )
        try:
            async with asyncio.timeout_at(self._leave_by) as limit:
                self._time_limits.add(limit)
                try:
                    await self.transport.send(message, sender=self._address, recipient=letters.recipient(to))
                finally:
                    self._time_limits.remove(limit)
        except TimeoutError:
            raise Unanswered("the application was stopped before the mail server had answered") from None

    def hurry(self) -> None:
        """Wait for the mail server for LEAVE_WITHIN seconds more, until `take_time` is called."""
        self._leave_by = asyncio.get_running_loop().time() + LEAVE_WITHIN
        for each in self._time_limits:
            each.reschedule(self._leave_by)

    def take_time(self) -> None:
        """Wait for the mail server as long as it takes."""
        self._leave_by = None
