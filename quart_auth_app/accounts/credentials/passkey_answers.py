"""A passkey's answer to a challenge: read, checked, and marked as used, so that it works once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import AccountError, TooManyAttempts
from quart_auth_app.accounts.factors import challenges, passkey_options, passkeys
from quart_auth_app.accounts.factors.challenges import Challenges
from quart_auth_app.accounts.factors.passkeys import Answer, NotValid, Site
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.accounts.throttling.limits import Limit

Result = TypeVar("Result")

_SPENT = Limit("challenge", 1, challenges.LASTS)
"""Each challenge works once. It is stored when it has been used, until it would have expired anyway."""


class PasskeyRefused(AccountError):
    """The passkey's answer is wrong, or the account is disabled; `reason`, for the log, says which."""


class PasskeyTooLate(PasskeyRefused):
    """The challenge has expired, was used, or was another browser's or account's."""


class PasskeyUnknown(PasskeyRefused):
    """No account has this passkey any more. `credential_id`, in base64url, is for telling the browser."""


@dataclass(frozen=True)
class Asking:
    """Makes options with challenges for one purpose: `bound_to` is the purpose and who may answer."""

    site: Site
    challenges: Challenges
    bound_to: str

    def options(self, *, now: datetime, allowed: Sequence[bytes] = ()) -> dict[str, object]:
        """Return the options for navigator.credentials.get()."""
        return passkey_options.request_options(
            self.site, challenge=self.challenges.new(self.bound_to, now=now), allowed=allowed
        )


def read(credential: str) -> Answer:
    return refused_if_not_valid(lambda: passkeys.read(credential))


def refused_if_not_valid(check: Callable[[], Result]) -> Result:
    try:
        return check()
    except NotValid as error:
        raise PasskeyRefused(reason=str(error)) from None


def check_challenge(asking: Asking, answer: Answer, bound_to: str, *, now: datetime) -> None:
    if not asking.challenges.is_good(answer.challenge, bound_to, now=now):
        raise PasskeyTooLate(reason="challenge")


async def spend(db: AsyncSession, answer: Answer, *, now: datetime) -> None:
    # One statement, so that only one of several requests with this answer succeeds.
    try:
        await throttle.hit(db, (_SPENT, passkeys.encoded(answer.challenge)), now=now)
    except TooManyAttempts:
        raise PasskeyTooLate(reason="challenge used") from None
