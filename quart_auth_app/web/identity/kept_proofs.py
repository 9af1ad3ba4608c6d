"""A proof from a provider of who somebody is, kept in a signed cookie until they have done what is missing.

Either the address has an account, to which the person has to log in first, or a new account needs more than the
provider tells. If they give up, the database holds nothing of it.
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData

from quart_auth_app import clock
from quart_auth_app.accounts.factors import provider_attempts
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.fields.email_addresses import key
from quart_auth_app.accounts.signing_up import sign_ups
from quart_auth_app.settings.providers import ProviderSettings
from quart_auth_app.web.identity import cookies
from quart_auth_app.web.identity.current_user import current_found
from quart_auth_app.web.identity.signatures import PatientSerializer

COOKIE = "proof-of-provider"

MAX_NAME = 200
"""Longest name kept, in characters: a cookie has to stay below 4,096 bytes."""


@dataclass(frozen=True)
class Kept:
    """A waiting proof."""

    proven: Proven
    at: datetime
    remember: bool
    """Whether "Remember me" was ticked on the log-in page."""
    sign_up: int | None = None
    """The number of the sign-up that was begun with this proof."""


def keep(proven: Proven, *, remember: bool, sign_up: int | None = None) -> None:
    """Store the proof in a cookie of the response. Its address must be one that mail can be sent to."""
    shortened = replace(proven, name=proven.name and proven.name[:MAX_NAME])
    fields = {
        "proven": asdict(shortened),
        "at": clock.now().timestamp(),
        "remember": remember,
        "sign_up": sign_up,
    }
    cookies.remember(COOKIE, _serializer().dumps(fields), lasts=sign_ups.LASTS)


def forget() -> None:
    """Delete the cookie with the response."""
    cookies.forget(COOKIE)


def for_new_account(provider: ProviderSettings) -> Kept | None:
    """Return the proof for making an account, None if there is none or it is more than 10 minutes old."""
    kept = _read(provider_attempts.LASTS)
    return kept if kept and kept.sign_up is None and kept.proven.issuer == provider.issuer else None


def for_own_account(provider: ProviderSettings) -> Kept | None:
    """Return the proof that the logged-in person may connect to their account, None if there is none.

    It must be less than 10 minutes old, for the account's own address as verified by the provider, and older than the
    session. So an attacker gains nothing by leaving a proof in a browser of somebody with another address, or with a
    session that is older than the proof.
    """
    kept, found = for_new_account(provider), current_found()
    if kept is None or not kept.proven.email_verified or key(kept.proven.email or "") != found.user["email_key"]:
        return None
    return kept if kept.at <= found.session["created_at"] else None


def for_sign_up(number: int | None) -> Kept | None:
    """Return the proof that this sign-up was begun with, None if it was begun without one."""
    kept = _read(sign_ups.LASTS)
    return kept if kept and number is not None and kept.sign_up == number else None


def _read(lasts: timedelta) -> Kept | None:
    try:
        fields: dict[str, Any] = _serializer().loads(cookies.own(COOKIE), max_age=int(lasts.total_seconds()))
    except BadData:
        return None
    at = datetime.fromtimestamp(fields["at"], UTC)
    if clock.now() - at >= lasts:
        return None
    return Kept(Proven(**fields["proven"]), at, fields.get("remember", False), fields["sign_up"])


def _serializer() -> PatientSerializer:
    return cookies.serializer("proof of a provider, for")
