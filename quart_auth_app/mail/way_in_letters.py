"""Letters about ways in: to who signed up, forgot the password, wants to log in by mail, or was invited."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import mailed_codes, recovery, tokens
from quart_auth_app.accounts.throttling import mail_limits
from quart_auth_app.mail.letters import Block, Code, Letter, Paragraph
from quart_auth_app.mail.site import Site
from quart_auth_app.models import Mail, MailedLogIn, SignUp, User

FIRST_PROOF = Paragraph(
    "Nobody has confirmed yet that this address is theirs. So, when you log in, the account's password, passkeys and "
    "second step are removed, as somebody else may have set them, and everybody else is logged out."
)

NO_ACCOUNT = {
    "reset": Paragraph(
        "Somebody asked for a new password for this address, which has no account here. You may have signed up "
        "with another one."
    ),
    "log_in": Paragraph(
        "Somebody wanted to log in by mail with this address, which has no account here. You may have signed "
        "up with another one."
    ),
}
"""The text for an address without an account, by kind of mail."""

NOT_YOU = "If that was not you, nothing needs to be done: nothing changes, and nobody got in."


async def sign_up(
    db: AsyncSession, mail: Mail, site: Site, now: datetime, *, owner: User | None, code: str, code_hash: str
) -> Letter | None:
    """To an address that signed up: ask for confirmation, or tell its owner that there is an account."""
    if owner:
        return await _has_account(db, owner, site, now)
    sign_up = await db.get(SignUp, mail.sign_up_id)
    if not sign_up:
        return None
    await mailed_codes.keep(db, SignUp, SignUp.id == sign_up.id, code_hash=code_hash, now=now)
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
        # Made while no mail was sent: so the reader of the address's mail is its owner, whoever made the account.
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


async def asked(
    db: AsyncSession, mail: Mail, site: Site, now: datetime, *, owner: User | None, code: str, code_hash: str
) -> Letter | None:
    """Answer a request for a new password, or for a log-in by mail, whether or not the address has an account."""
    if not owner:
        return await _no_account(db, mail, site, now)
    if mail.kind == "reset":
        await recovery.note_asked(db, mail=mail, user=owner)
    if owner.disabled_at:
        return _disabled(site)
    if mail.kind == "reset":
        return await _reset_letter(db, owner, site, now)
    return await _log_in(db, mail, owner, site, now, code, code_hash)


async def _log_in(
    db: AsyncSession, mail: Mail, user: User, site: Site, now: datetime, code: str, code_hash: str
) -> Letter:
    number, token = await tokens.issue_log_in(db, user=user, now=now)
    asked = MailedLogIn.id == mail.params["asked"]
    await mailed_codes.keep(db, MailedLogIn, asked, code_hash=code_hash, now=now)
    await db.execute(update(MailedLogIn).where(asked).values(token_id=number))
    return Letter(
        site.subject("log in"),
        [
            Paragraph("Somebody wants to log in to your account. If it was you, type this code where you asked:"),
            Code(code),
            Paragraph("Or open this link on the device where you want to be logged in:"),
            site.link("/login/link", token),
            Paragraph("Both are good for 10 minutes, and one of them once."),
            *([] if user.verified_at else [FIRST_PROOF]),
            Paragraph("If it was not you, tell nobody the code and don't open the link: without them nobody gets in."),
        ],
    )


async def _no_account(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    if not await mail_limits.may_tell_of_no_account(db, email=mail.to_address, now=now):
        return None
    sign_up: list[Block] = [Paragraph("Or sign up:"), site.link("/signup")] if site.sign_up_open else []
    return Letter(
        site.subject("no account with this address"),
        [NO_ACCOUNT[mail.kind], *sign_up, Paragraph(NOT_YOU)],
    )


async def invite(db: AsyncSession, site: Site, now: datetime, *, owner: User | None) -> Letter | None:
    """To somebody for whom the operator has made an account."""
    if not owner or owner.disabled_at:
        return None
    return Letter(
        site.subject("choose your password"),
        [
            Paragraph("An account was made for you. Open this link within an hour to choose its password:"),
            site.link("/reset-password", await tokens.issue_reset(db, user=owner, now=now)),
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
        site.subject("your account is disabled"),
        [Paragraph("The operator of the site has disabled the account with this address. Please ask there.")],
    )
