"""Codes in mails, which people type from one screen into another: for a sign-up, for another address, or to log in."""

import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import WrongMailedCode
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import EmailChange, MailedLogIn, SignUp

LASTS = timedelta(minutes=10)
MAX_TRIES = 5
"""Wrong codes that count until a new one is mailed (ASVS 6.6.3)."""

LENGTH = 6
LOG_IN_LENGTH = 8
"""40 bits: whoever guesses may ask for codes of very many accounts at once, and each right one is a log-in."""

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 characters, 5 bits each. Without I, O, 0 and 1, which are mistaken for each other."""

Table = type[SignUp] | type[EmailChange] | type[MailedLogIn]
"""What has the columns of a code."""


def new(length: int = LENGTH) -> str:
    """Return a new code."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def read(typed: str) -> str:
    """Return the code that a person means: in any case, with spaces or hyphens, in full-width characters."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", typed))).upper()


async def keep(db: AsyncSession, table: Table, row: ColumnElement[bool], *, code_hash: str, now: datetime) -> None:
    """Keep the hash of the code that is mailed now; earlier ones don't count any more."""
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
    """Count a try, and raise WrongMailedCode unless it is the newest code; TooBusy if it can't be hashed now.

    `known` says that the browser is logged in; a stranger's has no more than a stranger's share of the line. It takes
    as long where no code was mailed: otherwise a clock could tell which addresses have an account.
    """
    with passwords.place_in_line(browser, known=known):
        async with transaction() as db:
            query = (
                update(table)
                .where(row, table.code_expires_at > now, table.code_tries < MAX_TRIES)
                .values(code_tries=table.code_tries + 1)
                .returning(table.code)
            )
            stored = await db.scalar(query.execution_options(synchronize_session=False))
        matches, _ = await passwords.verify(read(code), stored)
        if not matches:
            raise WrongMailedCode
