"""`quart-auth-app mail`: what waits to be sent, what could not be, and whether mail arrives."""

import click

from quart_auth_app import clock
from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.errors import MailOff
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.cli.output import Row, as_json, paged, show_one, show_page
from quart_auth_app.cli.running import Installation, operation, reading
from quart_auth_app.languages import Languages
from quart_auth_app.mail import sending
from quart_auth_app.mail.letters import AddressNotSendable
from quart_auth_app.mail.transports import Delayed, Refused, Unreachable
from quart_auth_app.models import Mail
from quart_auth_app.operations import directory, retrying


@click.group()
def mail() -> None:
    """The mails that are not sent yet. The server sends them."""


@mail.command("list")
@paged
@as_json
@reading
async def list_(here: Installation, after: int, limit: int, as_json: bool) -> None:
    """List mails that wait or have failed, oldest first. What has been sent is not here any more."""
    async with here.database.reading() as db:
        found = await outbox.page(db, after=after, limit=limit + 1)
    show_page([_row(each) for each in found], limit=limit, as_json=as_json)


@mail.command()
@click.argument("mail", metavar="[MAIL]", type=click.IntRange(1, directory.MAX_ID), required=False)
@as_json
def retry(mail: int | None, as_json: bool) -> None:
    """Try the failed mail of this number again, or all that have failed. The server sends them for an hour."""
    show_one({"tried_again": _retry(mail)}, as_json=as_json)


@mail.command()
@click.argument("address")
@as_json
def test(address: str, as_json: bool) -> None:
    """Send a mail to ADDRESS at once, and print its Message-ID, or the mail server's refusal."""
    show_one(_test(address), as_json=as_json)


@operation
async def _retry(here: Installation, number: int | None) -> int:
    if number is None:
        return await retrying.retry_all(here.database, by=None, now=clock.now())
    await retrying.retry(here.database, number=number, by=None, now=clock.now())
    return 1


@operation
async def _test(here: Installation, address: str) -> Row:
    await here.database.get_ready()  # in a wrong folder, with other settings, this says so
    sender = sending.sender(here.settings, here.database, here.passwords, Languages())
    if sender is None:
        raise MailOff
    to = email_addresses.validated(address)
    try:
        return {"to": to, "message_id": await sender.delivery.send_test(to=to)}
    except (Unreachable, Refused, Delayed, AddressNotSendable) as error:
        raise click.ClickException(f"The mail was not taken: {error}") from None


def _row(mail: Mail) -> Row:
    names = ["id", "kind", "to_address", "created_at", "due_at", "attempts", "failed"]
    return {name: getattr(mail, name) for name in names}
