"""Logging in by mail, if the operator has turned it on: a link for any browser, a code for the one that asked.

Nothing here checks whether the address has an account; the sender of mail does. The link and the code of a mail share
one token: using one of them consumes both.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, log_in, mailed_codes, outbox, recovery, tokens
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials.ways_in import NO_PASSWORD
from quart_auth_app.accounts.errors import LinkInvalid, LinkUsed, WrongDetails, WrongMailedCode
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.log_in import Outcome
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.throttling import mail_limits
from quart_auth_app.accounts.tokens import Consumed
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import MailedLogIn, User

MAIL = "mail"

LASTS = outbox.LINK_LASTS + mailed_codes.LASTS
"""How long a browser may wait: the longest time for sending the mail, plus the lifetime of its code."""


class WrongLogInCode(WrongMailedCode):
    """The code is not the one mailed for this browser, or it has expired, was used, or had too many tries."""


async def ask(db: AsyncSession, *, email: str, remember: bool, browser: Browser, now: datetime) -> int:
    """Mail a link and a code to the address. Returns a number for the browser's cookie.

    Doesn't check whether the address has an account: the sender does. The second click of a double click sends no mail,
    and gets the number of the first. Raises TooManyAttempts or InvalidEmail.
    """
    await mail_limits.count_client(db, browser=browser, now=now)
    email = email_addresses.validated(email)
    may_send = await mail_limits.may_send(db, email=email, browser=browser, now=now)
    if not may_send and (first := await double_clicks.made(db, browser, now=now)):
        return first
    asked = MailedLogIn(email=email, remember=remember, created_at=now)
    db.add(asked)
    await db.flush()
    if may_send:
        await double_clicks.store(db, browser, number=asked.id, now=now)
        await outbox.queue(
            db, kind="log_in", to=email, language=browser.language, now=now, lasts=outbox.LINK_LASTS, asked=asked.id
        )
    return asked.id


async def email_of(db: AsyncSession, *, number: int, now: datetime) -> str | None:
    """Return the address of a pending log-in by mail, None if it has expired."""
    query = select(MailedLogIn.email).where(MailedLogIn.id == number, MailedLogIn.created_at > now - LASTS)
    return await db.scalar(query)


async def by_code(
    transaction: UnitOfWork, passwords: Passwords, *, number: int, code: str, browser: Browser, now: datetime
) -> Outcome:
    """Log in by the mailed code, in the browser that asked. The second step is still asked for.

    Raises WrongLogInCode, TooManyAttempts or TooBusy.
    """
    try:
        await mailed_codes.check(
            transaction,
            passwords,
            MailedLogIn,
            MailedLogIn.id == number,
            code=code,
            browser=browser,
            known=False,
            now=now,
        )
    except WrongMailedCode:
        raise WrongLogInCode from None
    async with transaction() as db:
        query = select(MailedLogIn.token_id, MailedLogIn.remember).where(MailedLogIn.id == number)
        row = (await db.execute(query)).one_or_none()
        consumed = row and row.token_id and await tokens.consume_log_in(db, number=row.token_id, now=now)
        proof = f"mailed code {mailed_codes.read(code)} of {number}"
        if not row or not consumed:
            if first := await log_in.again(db, proof=proof, browser=browser, now=now):
                return first
            raise WrongLogInCode
        try:
            return await _let_in(db, consumed, remember=row.remember, browser=browser, now=now, proof=proof)
        except WrongDetails:
            raise WrongLogInCode from None


async def by_link(transaction: UnitOfWork, *, token: str, remember: bool, browser: Browser, now: datetime) -> Outcome:
    """Log in by the mailed link, in any browser. The second step is still asked for.

    Raises LinkInvalid, LinkUsed or TooManyAttempts; the last doesn't consume the link.
    """
    proof = f"mailed link {token}"
    async with transaction() as db:
        try:
            consumed = await tokens.consume(db, token=token, purpose=tokens.LOG_IN, now=now)
        except LinkUsed:
            if first := await log_in.again(db, proof=proof, browser=browser, now=now):
                return first
            raise
        try:
            return await _let_in(db, consumed, remember=remember, browser=browser, now=now, proof=proof)
        except WrongDetails:
            raise LinkInvalid from None


async def _let_in(
    db: AsyncSession, consumed: Consumed, *, remember: bool, browser: Browser, now: datetime, proof: str
) -> Outcome:
    user = await db.get_one(User, consumed.number)
    if user.verified_at is None:
        await recovery.hand_over(db, user, NO_PASSWORD, browser=browser, now=now)
        await db.refresh(user)
    await tokens.use_up_log_ins(db, user_id=user.id, now=now)
    return await log_in.start_session(
        db, user=user, methods=[MAIL], remember=remember, browser=browser, now=now, proof=proof
    )


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for log-ins by mail that have expired."""
    return MailedLogIn.created_at <= now - LASTS
