"""What each mail says, decided when it is sent: by then the account may be another, or be gone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import email_addresses, mail_limits, sign_ups, tokens
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.mail.letters import Code, Letter, Link, Paragraph
from quart_auth_app.models import Mail, SignUp, User


@dataclass(frozen=True)
class Site:
    """What letters say of the site."""

    name: str
    base_url: str
    """PUBLIC_URL; a link is never made from what a request says."""

    def link(self, path: str, token: str = "") -> Link:
        """Return a link. The token is the whole query: quoted-printable would turn `=` into `=3D`."""
        return Link(f"{self.base_url}{path}?{token}" if token else f"{self.base_url}{path}")

    def subject(self, text: str) -> str:
        """Return a subject that says which site writes."""
        return f"{self.name}: {text}"


NOT_YOU = "If that was not you, nothing needs to be done: nothing changes, and nobody got in."


async def compose(
    transaction: UnitOfWork, passwords: Passwords, *, mail: Mail, site: Site, now: datetime
) -> Letter | None:
    """Return what the mail says, or None if there is nothing to say any more. Tokens in it are stored by then."""
    code, code_hash = "", ""
    if mail.kind == "sign_up":
        code = sign_ups.new_code()
        code_hash = await passwords.hash(code)  # before a connection is taken: it takes a quarter of a second
    async with transaction() as db:
        if mail.kind == "sign_up":
            return await _sign_up(db, mail, site, now, code, code_hash)
        return await KINDS[mail.kind](db, mail, site, now)


async def _sign_up(db: AsyncSession, mail: Mail, site: Site, now: datetime, code: str, code_hash: str) -> Letter | None:
    user = await _owner(db, mail)
    if user:
        return await _has_account(db, user, site, now)
    sign_up = await db.get(SignUp, mail.sign_up_id)
    if not sign_up:
        return None
    await sign_ups.set_code(db, sign_up=sign_up, code_hash=code_hash, now=now)
    token = await tokens.issue_confirm(db, sign_up=sign_up, now=now)
    return Letter(
        site.subject("confirm your address"),
        [
            Paragraph("Somebody signed up here with this address. If it was you, type this code where you signed up:"),
            Code(code),
            Paragraph("It is good for 10 minutes. Or open this link, which is good for 24 hours:"),
            site.link("/confirm", token),
            Paragraph("If it was not you, nothing needs to be done: without the code or the link there is no account."),
        ],
    )


async def _has_account(db: AsyncSession, user: User, site: Site, now: datetime) -> Letter | None:
    if user.disabled_at:
        return _disabled(site)
    if user.verified_at is None:
        # Made while no mail was sent: whoever reads the address's mail is its owner, whoever made the account.
        return await _reset_letter(db, user, site, now)
    return Letter(
        site.subject("you already have an account"),
        [
            Paragraph("Somebody signed up here with this address, which has an account already. You can log in:"),
            site.link("/login"),
            Paragraph("If you have forgotten the password, choose another one:"),
            site.link("/forgot-password"),
            Paragraph(NOT_YOU),
        ],
    )


async def _reset(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    user = await _owner(db, mail)
    if user:
        return _disabled(site) if user.disabled_at else await _reset_letter(db, user, site, now)
    if not await mail_limits.may_tell_of_no_account(db, email=mail.to_address, now=now):
        return None
    return Letter(
        site.subject("no account with this address"),
        [
            Paragraph(
                "Somebody asked for a new password for this address, which has no account here. You may have signed up "
                "with another one. Or sign up:"
            ),
            site.link("/signup"),
            Paragraph(NOT_YOU),
        ],
    )


async def _invite(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    user = await _owner(db, mail)
    if not user or user.disabled_at:
        return None
    return Letter(
        site.subject("choose your password"),
        [
            Paragraph("An account was made for you. Open this link within an hour to choose its password:"),
            site.link("/reset-password", await tokens.issue_reset(db, user=user, now=now)),
            Paragraph("Should the hour be over, ask for another link here:"),
            site.link("/forgot-password"),
        ],
    )


async def _reset_letter(db: AsyncSession, user: User, site: Site, now: datetime) -> Letter:
    return Letter(
        site.subject("choose a new password"),
        [
            Paragraph("Somebody asked for a new password for your account. Open this link within an hour:"),
            site.link("/reset-password", await tokens.issue_reset(db, user=user, now=now)),
            Paragraph("If that was not you, nothing needs to be done: your password stays as it is."),
        ],
    )


def _disabled(site: Site) -> Letter:
    return Letter(
        site.subject("your account is closed"),
        [Paragraph("The operator of the site has closed the account with this address. Please ask there.")],
    )


async def _password_reset(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    return Letter(
        site.subject("your password was changed"),
        [
            Paragraph(
                "The password of your account was changed by a mailed link on "
                f"{mail.created_at:%Y-%m-%d at %H:%M} UTC, from {mail.params['browser']} at {mail.params['address']}. "
                "Everybody who was logged in is logged out."
            ),
            Paragraph("If that was not you, choose another password at once, and another one for your mailbox:"),
            site.link("/forgot-password"),
        ],
    )


async def _test(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    return Letter(site.subject("test"), [Paragraph("This is the test that the operator asked for. Mail arrives.")])


async def _owner(db: AsyncSession, mail: Mail) -> User | None:
    """Return whose address it is now; the account may have another one since the mail was asked for."""
    user: User | None = await db.scalar(select(User).where(User.email_key == email_addresses.key(mail.to_address)))
    return user


KINDS: dict[str, Callable[[AsyncSession, Mail, Site, datetime], Awaitable[Letter | None]]] = {
    "reset": _reset,
    "invite": _invite,
    "password_reset": _password_reset,
    "test": _test,
}
"""By kind; `sign_up` besides, which needs a code."""
