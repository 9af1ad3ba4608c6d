"""Composes a mail when it is sent: by then the account may have changed, or be deleted."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import mailed_codes
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.languages import Language, Languages
from quart_auth_app.mail import address_letters, way_in_letters
from quart_auth_app.mail.letters import Letter, Paragraph
from quart_auth_app.mail.notices import NOTICES
from quart_auth_app.mail.site import Site
from quart_auth_app.models import Mail, User

Composer = Callable[[AsyncSession, Mail, Site, datetime], Awaitable[Letter | None]]

CODES = {
    "sign_up": mailed_codes.LENGTH,
    "email_change": mailed_codes.LENGTH,
    "log_in": mailed_codes.LOG_IN_LENGTH,
}
"""Kinds of mail with a code, and the code's length in characters."""

ASKED_FOR = {"sign_up", "reset", "invite", "email_change", "log_in"}
"""Kinds that the recipient has asked for. If their language is not known, the browser's is used."""


async def compose(
    transaction: UnitOfWork, passwords: Passwords, languages: Languages, *, mail: Mail, site: Site, now: datetime
) -> tuple[Letter, str] | None:
    """Return the mail's letter and its recipient, or None if there is nothing to say any more. Stores the tokens in it.

    The letter is in the recipient's language.
    """
    code, code_hash = "", ""
    if length := CODES.get(mail.kind):
        code = mailed_codes.new(length)
        code_hash = await passwords.hash(code)  # before a connection is taken, as hashing takes a quarter of a second
    async with transaction() as db:
        language = await _language(db, mail, languages)
        letter = await _letter(db, mail, replace(site, language=language), now, code, code_hash)
        return (replace(letter, language=language), await _recipient(db, mail)) if letter else None


async def _letter(db: AsyncSession, mail: Mail, site: Site, now: datetime, code: str, code_hash: str) -> Letter | None:
    if mail.kind in KINDS:
        return await KINDS[mail.kind](db, mail, site, now)
    owner = await _owner(db, mail)
    return await MAYBE_WITH_CODE[mail.kind](db, mail, site, now, owner=owner, code=code, code_hash=code_hash)


async def _language(db: AsyncSession, mail: Mail, languages: Languages) -> Language:
    user = await _owner(db, mail) or (await db.get(User, mail.user_id) if mail.user_id else None)
    asked = mail.params.get("language") if mail.kind in ASKED_FOR or not user else None
    known = [user.language if user else None, asked]
    return next((languages[code] for code in known if code and code in languages), languages.default)


def test_letter(site: Site) -> Letter:
    """Return the letter by which an operator tests whether mail arrives."""
    return Letter(site.subject("test"), [Paragraph("This is the test that the operator asked for. Mail arrives.")])


async def _owner(db: AsyncSession, mail: Mail) -> User | None:
    """Return the user who has the address now, which may have changed since the mail was asked for."""
    user: User | None = await db.scalar(select(User).where(User.email_key == email_addresses.key(mail.to_address)))
    return user


async def _recipient(db: AsyncSession, mail: Mail) -> str:
    # Equal keys don't prove that two spellings are one mailbox: a stranger may have the one that was typed.
    owner = await _owner(db, mail) if mail.kind in ASKED_FOR else None
    changes_own = mail.kind == "email_change" and owner is not None and owner.id == mail.user_id
    return owner.email if owner and not changes_own else mail.to_address


async def _invite(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    return await way_in_letters.invite(db, site, now, owner=await _owner(db, mail))


KINDS: dict[str, Composer] = {
    **NOTICES,
    "invite": _invite,
    "email_change_asked": address_letters.asked,
    "email_changed": address_letters.changed,
    "email_change_undoable": address_letters.undoable,
    "email_change_undone": address_letters.undone,
}
"""Composers by kind."""

MAYBE_WITH_CODE: dict[str, Callable[..., Awaitable[Letter | None]]] = {
    "sign_up": way_in_letters.sign_up,
    "reset": way_in_letters.asked,
    "log_in": way_in_letters.asked,
    "email_change": address_letters.change,
}
"""Composers of the other kinds, which also take the address's owner and a code."""
