"""Notices: what happened to an account, when, from where, and what to do if it was not the owner.

ASVS 6.3.5 and 6.3.7 ask for them. They can't be turned off. Their links contain no token.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import browsers
from quart_auth_app.mail import deletion_letters
from quart_auth_app.mail.letters import Letter, Paragraph
from quart_auth_app.mail.site import Site
from quart_auth_app.models import Mail

NOT_YOU = "If that was not you, choose another password at once, and end the sessions that you don't know:"
NOT_YOUR_PASSWORD = "If that was not you, choose another password at once, and another one for your mailbox:"  # noqa: S105  # a sentence


@dataclass(frozen=True)
class Notice:
    """A notice: `happened` says what, with `{when_and_where}`, and `what_to_do` what to do if it was somebody else."""

    subject: str
    happened: str
    what_to_do: str = NOT_YOU
    path: str = "/account"

    async def __call__(self, _db: AsyncSession, mail: Mail, site: Site, _now: datetime) -> Letter:
        """Return the letter."""
        told = {"when_and_where": site.when_and_where(mail)}
        return Letter(
            site.subject(self.subject),
            [Paragraph(self.happened, told), Paragraph(self.what_to_do), site.link(self.path)],
        )


async def _many_failures(_db: AsyncSession, mail: Mail, site: Site, _now: datetime) -> Letter:
    return Letter(
        site.subject("somebody guesses at your password"),
        [
            Paragraph(
                "In the last 24 hours, {count} log-ins to your account have failed, the last from {browser} "
                "at {address}. Nobody got in by them. A password that you use nowhere else, and a "
                "second step, keep it so:",
                {
                    "count": mail.params["count"],
                    "browser": browsers.translated(mail.params["browser"], site.language),
                    "address": mail.params["address"],
                },
            ),
            site.link("/account"),
        ],
    )


NOTICES: dict[str, Callable[[AsyncSession, Mail, Site, datetime], Awaitable[Letter | None]]] = {
    "logged_in": Notice(
        "log-in from another browser",
        "Somebody logged in to your account on {when_and_where}.",
    ),
    "password_changed": Notice(
        "your password was changed",
        "The password of your account was changed on {when_and_where}. All other devices are logged out.",
        NOT_YOUR_PASSWORD,
        "/forgot-password",
    ),
    "password_reset": Notice(
        "your password was changed",
        "The password of your account was changed by a mailed link on {when_and_where}. "
        "Everybody who was logged in is logged out.",
        NOT_YOUR_PASSWORD,
        "/forgot-password",
    ),
    "second_step_on": Notice(
        "the second step is on",
        "The second step of your account was turned on on {when_and_where}.",
    ),
    "second_step_off": Notice(
        "the second step is off",
        "The second step of your account was turned off on {when_and_where}. The password alone opens it now.",
    ),
    "recovery_code_used": Notice(
        "a recovery code was used",
        "Somebody logged in to your account by a recovery code on {when_and_where}.",
    ),
    "recovery_codes_renewed": Notice(
        "new recovery codes",
        "The recovery codes of your account were replaced on {when_and_where}. The earlier ones count no more.",
    ),
    "passkey_added": Notice(
        "a passkey was added",
        "A passkey was added to your account on {when_and_where}. Whoever has it can log in.",
        "If that was not you, remove it at once, and choose another password:",
        "/account/passkeys",
    ),
    "passkey_removed": Notice(
        "a passkey was removed",
        "A passkey of your account was removed on {when_and_where}.",
    ),
    "passkey_count": Notice(
        "a passkey that may have been copied",
        "Somebody logged in to your account by a passkey on {when_and_where}. "
        "It counts how often it is used, and the count did not rise: a copy of it may be in use.",
        "If you don't know why, remove this passkey and add a new one:",
        "/account/passkeys",
    ),
    "access_key_added": Notice(
        "an access key was made",
        "An access key of your account was made on {when_and_where}. Whoever has it can read what your account shows, "
        "and change some of it.",
        "If that was not you, revoke it at once, and choose another password:",
        "/account/access-keys",
    ),
    "provider_connected": Notice(
        "another site was connected",
        "An account of another site was connected to yours on {when_and_where}. "
        "Whoever has that account can log in to yours.",
        "If that was not you, disconnect it at once, and choose another password:",
    ),
    "provider_disconnected": Notice(
        "another site was disconnected",
        "An account of another site was disconnected from yours on {when_and_where}. It lets nobody in any more.",
    ),
    "password_removed": Notice(
        "your password was removed",
        "The password of your account was removed on {when_and_where}. A passkey alone opens it now.",
        "If that was not you, choose a password at once:",
        "/forgot-password",
    ),
    "exported": Notice(
        "your data were downloaded",
        "Everything that is kept about you was downloaded on {when_and_where}.",
    ),
    "many_failures": _many_failures,
    "deletion_asked": deletion_letters.asked,
    "deletion_near": deletion_letters.near,
    "deleted": deletion_letters.done,
}
"""Composers by kind of mail."""
