"""Codes in mails, which people type into a page: for a sign-up, a change of address, or a log-in."""

import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import expiry
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import WrongMailedCode
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import EmailChange, MailedLogIn, SignUp

LASTS = timedelta(minutes=10)
MAX_TRIES = 5
"""How many codes may be tried until a new one is mailed (ASVS 6.6.3)."""

LENGTH = 6
LOG_IN_LENGTH = 8
"""40 bits: an attacker may request codes for very many accounts at once, and each right guess is a log-in."""

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 characters, 5 bits each, without I, O, 0 and 1, which look alike."""

Table = type[SignUp] | type[EmailChange] | type[MailedLogIn]
"""Models with the columns of a code."""


def new(length: int = LENGTH) -> str:
    """Return a new code."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def read(typed: str) -> str:
    """Return the typed code in normal form: upper case, without spaces and hyphens, no full-width characters."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", typed))).upper()


async def keep(db: AsyncSession, table: Table, row: ColumnElement[bool], *, code_hash: str, now: datetime) -> None:
    """Store the hash of the code that is mailed now; earlier codes are void."""
    values = {"code": code_hash, "code_expires_at": now + LASTS, "code_tries": 0}
    await db.execute(update(table).where(row).values(values).execution_options(synchronize_session=False))


async def check(
    transaction: UnitOfWork,
    passwords: Passwords,
    table: Table,
    row: ColumnElement[bool],
    *,
    code: str,
    browser: Browser,
    known: bool,
    now: datetime,
) -> None:
    """Count a try, and check the code. Raises WrongMailedCode unless it is the newest; TooBusy if the queue is full.

    `known` says that the browser is logged in; others get only strangers' share of the queue. A check takes the same
    time if no code was mailed: otherwise its duration would reveal which addresses have an account.
    """
    with passwords.place_in_line(browser, known=known):
        async with transaction() as db:
            query = (
                update(table)
                .where(row, expiry.is_valid(table.code_expires_at, lasts=LASTS, now=now), table.code_tries < MAX_TRIES)
                .values(code_tries=table.code_tries + 1)
                .returning(table.code)
            )
            stored = await db.scalar(query.execution_options(synchronize_session=False))
        matches, _ = await passwords.verify(read(code), stored)
        if not matches:
            raise WrongMailedCode
