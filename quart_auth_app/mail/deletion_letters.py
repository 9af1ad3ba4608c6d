"""Notices about the deletion of an account."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import deletion
from quart_auth_app.mail.letters import Letter, Paragraph
from quart_auth_app.mail.site import Site
from quart_auth_app.models import Mail


async def asked(_db: AsyncSession, mail: Mail, site: Site, _now: datetime) -> Letter:
    """When it was asked for: until when it can be taken back."""
    at = mail.created_at + deletion.GRACE
    return Letter(
        site.subject("your account will be deleted"),
        [
            Paragraph(
                "That was asked for on {when_and_where}. Everybody is logged out. "
                "On {date} the account is deleted for good. To keep it, log in before:",
                {"when_and_where": site.when_and_where(mail), "date": site.language.date(at)},
            ),
            site.link("/login"),
            Paragraph("If that was not you, choose another password too:"),
            site.link("/forgot-password"),
        ],
    )


async def near(_db: AsyncSession, mail: Mail, site: Site, _now: datetime) -> Letter:
    """Some days before the deletion."""
    date = site.language.date(datetime.fromisoformat(mail.params["date"]).replace(tzinfo=UTC))
    return Letter(
        site.subject("your account will be deleted soon"),
        [
            Paragraph("On {date} it is deleted for good, as was asked for. To keep it, log in before:", {"date": date}),
            site.link("/login"),
        ],
    )


async def done(_db: AsyncSession, _mail: Mail, site: Site, _now: datetime) -> Letter:
    """After the deletion."""
    return Letter(
        site.subject("your account is deleted"),
        [Paragraph("The account is deleted, with all that was kept about you. This address is free again.")],
    )
