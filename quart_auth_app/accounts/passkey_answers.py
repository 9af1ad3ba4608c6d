"""A passkey's answer to a challenge: read, checked, and spent, so that it counts once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import throttle
from quart_auth_app.accounts.errors import AccountError, TooManyAttempts
from quart_auth_app.accounts.factors import challenges, passkeys
from quart_auth_app.accounts.factors.challenges import Challenges
from quart_auth_app.accounts.factors.passkeys import Answer, NotValid, Site
from quart_auth_app.accounts.throttle import Limit

Result = TypeVar("Result")

_SPENT = Limit("challenge", 1, challenges.LASTS)
"""Each challenge counts once. It is written down when it has been used, and kept until it would be over anyway."""


class PasskeyRefused(AccountError):
    """The passkey's answer is not right, or the account is closed; for the log, `reason` says which."""


class PasskeyTooLate(PasskeyRefused):
    """The answer is to a challenge that is over, was used, or was another browser's or account's."""


class PasskeyUnknown(PasskeyRefused):
    """No account has this passkey, or not any more. The browser may be told by `credential_id`, in base64url."""


@dataclass(frozen=True)
class Asking:
    """Who a challenge is for: what the browser is called in it, and the site that asks."""

    site: Site
    challenges: Challenges
    bound_to: str

    def options(self, *, now: datetime, allowed: Sequence[bytes] = ()) -> dict[str, object]:
        """Return what the browser is asked in order to use a passkey."""
        return passkeys.request_options(
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
    # One statement: of any number of requests with this answer, one wins.
    try:
        await throttle.hit(db, (_SPENT, passkeys.encoded(answer.challenge)), now=now)
    except TooManyAttempts:
        raise PasskeyTooLate(reason="challenge used") from None
