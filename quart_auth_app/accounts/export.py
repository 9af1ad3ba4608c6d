"""Everything that is stored about a user, for the user to download (GDPR, articles 15 and 20)."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.models import (
    AccessKey,
    Base,
    EmailChange,
    Identity,
    Mail,
    MailToken,
    Passkey,
    PendingLogIn,
    RecoveryCode,
    SecurityEvent,
    Session,
    Totp,
    User,
    columns_of,
)

FORMAT = 1
"""Version of the format: rises with each change that breaks programs which read the export."""

LEFT_OUT = {
    *("password", "password_version", "email_key", "account_key", "user_id", "sign_up_id", "replaced_by", "message_id"),
    *("token_hash", "key_hash", "code", "code_hash", "code_tries", "seed", "new_seed", "last_step"),
    *("credential_id", "public_key", "user_handle"),
}
"""Columns that are secret, or repeat what other columns say."""

TABLES: dict[str, type[Base]] = {
    "sessions": Session,
    "passkeys": Passkey,
    "providers": Identity,
    "access_keys": AccessKey,
    "events": SecurityEvent,
    "second_step": Totp,
    "recovery_codes": RecoveryCode,
    "log_ins_without_second_step": PendingLogIn,
    "email_change": EmailChange,
    "mail": Mail,
    "links": MailToken,
}
"""Tables with data of a user besides the account itself, by their names in the export."""


async def note_download(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> bool:
    """Write the event of the download. False for the second click of a double click, which writes nothing."""
    await user_rows.lock(db, user_id=user_id)
    if await double_clicks.made(db, browser, now=now) is not None:
        return False
    await activity.note(db, user_id=user_id, kind="exported", browser=browser, now=now)
    await double_clicks.store(db, browser, number=user_id, now=now)
    return True


async def everything(db: AsyncSession, *, user_id: int, now: datetime) -> dict[str, Any]:
    """Return all that is stored about the user, as values for JSON; times are ISO 8601 in UTC.

    `account` has every column of the user that is not in LEFT_OUT, including a site's own. Hashes and tokens are left
    out.
    """
    columns = columns_of(User)
    user = (await db.execute(select(*columns.values()).where(User.id == user_id))).one()
    return {
        "format": FORMAT,
        "made_at": plain(now),
        "account": _told(dict(zip(columns, user, strict=True))),
        **{name: await _rows(db, table, user_id) for name, table in TABLES.items()},
    }


async def _rows(db: AsyncSession, table: type[Base], user_id: int) -> list[dict[str, Any]]:
    query = select(table).where(columns_of(table)["user_id"] == user_id).order_by(*inspect(table).primary_key)
    return [_row(row) for row in await db.scalars(query)]


def _row(row: Base) -> dict[str, Any]:
    return _told({name: getattr(row, name) for name in columns_of(type(row))})


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in values.items() if name not in LEFT_OUT}


def plain(value: Any) -> Any:
    """Convert a value for JSON: an enum to its value, bytes to Base64, any type that JSON lacks to text."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if isinstance(value, date | time) else str(value)
