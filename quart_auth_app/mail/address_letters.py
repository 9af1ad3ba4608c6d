"""Letters about changes of address: to the new address, and to the old one."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import email_changes, tokens
from quart_auth_app.mail.letters import Code, Letter, Paragraph
from quart_auth_app.mail.site import Site
from quart_auth_app.models import Mail, User


async def change(
    db: AsyncSession, mail: Mail, site: Site, now: datetime, *, owner: User | None, code: str, code_hash: str
) -> Letter | None:
    """To the new address: ask for confirmation, or tell its owner if it has an account already."""
    if owner and owner.id != mail.user_id:
        return Letter(
            site.subject("somebody wanted to use your address"),
            [
                Paragraph(
                    "Somebody wanted to use this address for another account. Yours has it already, so nothing changes "
                    "and nothing needs to be done. If it was you, delete one of the two accounts first:"
                ),
                site.link("/account"),
            ],
        )
    user = await db.get(User, mail.user_id)
    wish = await email_changes.pending(db, user_id=user.id, now=now) if user else None
    if not user or not wish or wish.new_email != mail.to_address or user.disabled_at:
        return None
    await email_changes.keep_code(db, user_id=user.id, code_hash=code_hash, now=now)
    token = await tokens.issue_change(db, user=user, new_email=wish.new_email, now=now)
    return Letter(
        site.subject("confirm your new address"),
        [
            Paragraph("Somebody wants to use this address for their account. If it was you, type this code there:"),
            Code(code),
            Paragraph(
                "It is good for 10 minutes. Or open this link, which is good for 2 hours, where you are logged in:"
            ),
            site.link("/account/email/confirm", token),
            Paragraph("If it was not you, nothing needs to be done: the address stays out of it."),
        ],
    )


async def asked(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    """To the old address, as soon as a change is asked for."""
    return Letter(
        site.subject("another address was asked for"),
        [
            Paragraph(
                "Another address was asked for your account on {when_and_where}. Nothing has changed yet. "
                "If that was not you, cancel it:",
                {"when_and_where": site.when_and_where(mail)},
            ),
            site.link("/account"),
            Paragraph("Then choose another password there, and end the sessions that you don't know:"),
            site.link("/account/sessions"),
        ],
    )


async def changed(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    """To the new address after the change, with the time until which it can be undone."""
    until = mail.created_at + tokens.LIFETIMES[tokens.UNDO]
    return Letter(
        site.subject("your address was changed"),
        [
            Paragraph(
                "Your account has this address since {when_and_where}. Whoever reads the mail of the former address "
                "can undo that until {until}.",
                {"when_and_where": site.when_and_where(mail), "until": site.language.date_and_time(until)},
            ),
            site.link("/account"),
        ],
    )


async def undoable(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    """To the old address after the change, with a link to undo it."""
    user = await db.get(User, mail.user_id)
    until = mail.created_at + tokens.LIFETIMES[tokens.UNDO]
    if not user or until <= now:
        return None
    token = await tokens.issue_undo(db, user=user, old_email=mail.to_address, changed_at=mail.created_at)
    return Letter(
        site.subject("your address was changed"),
        [
            Paragraph(
                "The address of your account was changed on {when_and_where}. This one is no longer in use. "
                "If that was not you, get your account back until {until}:",
                {"when_and_where": site.when_and_where(mail), "until": site.language.date_and_time(until)},
            ),
            site.link("/undo-email-change", token),
            Paragraph("That brings this address back, lets you choose a new password, and logs everybody out."),
        ],
    )


async def undone(db: AsyncSession, mail: Mail, site: Site, now: datetime) -> Letter | None:
    """To both addresses, after the change was undone."""
    return Letter(
        site.subject("the change of address was undone"),
        [
            Paragraph(
                "On {when_and_where}, somebody who reads the mail of the account's former address got the account "
                "back: it has that address again and a new password, and everybody is logged out.",
                {"when_and_where": site.when_and_where(mail)},
            ),
            site.link("/login"),
        ],
    )
