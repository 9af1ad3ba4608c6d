"""JSON objects of the pages of factors and keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quart_auth_app.web.api.views.view import Context, filled


@dataclass(frozen=True)
class SecondStep:
    """Whether the second step is on, and what an authenticator app needs while it is set up."""

    is_on: bool
    recovery_codes: int
    key: str | None
    uri: str | None


@dataclass(frozen=True)
class RecoveryCodeList:
    """Recovery codes, which are told this once."""

    recovery_codes: list[str]


@dataclass(frozen=True)
class OnePasskey:
    """A passkey of the account."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backed_up: bool


@dataclass(frozen=True)
class PasskeyList:
    """The passkeys, and the options for navigator.credentials.create(), null where there can be none."""

    passkeys: list[OnePasskey]
    options: dict[str, Any] | None


@dataclass(frozen=True)
class OneAccessKey:
    """An access key, without the key itself."""

    id: int
    name: str
    beginning: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class AccessKeyList:
    """The access keys that count."""

    access_keys: list[OneAccessKey]


@dataclass(frozen=True)
class NewAccessKey:
    """A key that was just made. `secret` is the key itself, which is told this once."""

    access_key: OneAccessKey
    secret: str


def recovery_codes(context: Context) -> RecoveryCodeList:
    """Return the codes that were just made."""
    return RecoveryCodeList(context["codes"])


def second_step(context: Context) -> SecondStep:
    """Return whether the second step is on."""
    state = context["state"]
    return SecondStep(state.is_on, state.codes_left, context["key"], context["uri"])


def passkeys(context: Context) -> PasskeyList:
    """Return the passkeys, and the options for another one."""
    return PasskeyList([filled(OnePasskey, each) for each in context["passkeys"]], context["options"])


def access_keys(context: Context) -> AccessKeyList:
    """Return the access keys."""
    return AccessKeyList([filled(OneAccessKey, each) for each in context["keys"]])


def new_access_key(context: Context) -> NewAccessKey:
    """Return the key that was just made."""
    return NewAccessKey(filled(OneAccessKey, context["key"]), context["text"])
