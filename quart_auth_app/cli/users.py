"""`quart-auth-app user`: the accounts."""

import sys

import click

from quart_auth_app import clock
from quart_auth_app.accounts import sessions, users
from quart_auth_app.cli.output import Row, as_json, printable, show, show_one
from quart_auth_app.cli.running import Installation, founding, operation, reading
from quart_auth_app.models import User
from quart_auth_app.operations import directory

user_argument = click.argument("who", metavar="USER")


@click.group()
def user() -> None:
    """The accounts. USER is a number or an e-mail address."""


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="What the pages call the person.")
@as_json
def add(email: str, name: str, as_json: bool) -> None:
    """Create an account. Asks for the password, or reads it from the first line of standard input."""
    show_one(_row(_create(email, name, _new_password())), as_json=as_json)


@user.command("list")
@as_json
@reading
async def list_(here: Installation, as_json: bool) -> None:
    """List all accounts."""
    async with here.database.reading() as db:
        found = await directory.everybody(db)
    show([_row(each) for each in found], as_json=as_json)


@user.command("show")
@user_argument
@as_json
@reading
async def show_(here: Installation, who: str, as_json: bool) -> None:
    """Show one account, how many sessions it has and when it was last there."""
    async with here.database.reading() as db:
        found = await directory.named(db, who=who)
        active = await sessions.active(db, user=found, now=clock.now())
    last_seen = active[0][0].last_seen_at if active else None
    show_one(_row(found) | {"sessions": len(active), "last_seen_at": last_seen}, as_json=as_json)


@user.command()
@user_argument
@as_json
def disable(who: str, as_json: bool) -> None:
    """Close an account until it is enabled again, and revoke its sessions."""
    show_one(_row(_disable(who)), as_json=as_json)


@user.command()
@user_argument
@as_json
def enable(who: str, as_json: bool) -> None:
    """Open a disabled account again."""
    show_one(_row(_enable(who)), as_json=as_json)


@user.command()
@user_argument
@click.option("--yes", is_flag=True, help="Don't ask.")
def delete(who: str, yes: bool) -> None:
    """Delete an account for good. Asks first."""
    found = _find(who)
    if not yes:
        click.confirm(f"Delete user {found.id}, {printable(found.email)}, for good?", abort=True, err=True)
    _delete(found)


@user.command()
@user_argument
@as_json
def set_password(who: str, as_json: bool) -> None:
    """Give an account another password and revoke its sessions. Asks for it as `add` does."""
    found = _find(who)
    _set_password(found, _new_password())
    show_one(_row(found), as_json=as_json)


@user.command()
@user_argument
@as_json
def reset_second_step(who: str, as_json: bool) -> None:
    """Turn the second step off for somebody who has lost the phone and the recovery codes. Revokes all sessions.

    Make sure first that it is really this person who asks: the password alone opens the account afterwards.
    """
    show_one(_row(_reset_second_step(who)), as_json=as_json)


def _new_password() -> str:
    # Never an argument: those are seen in the list of processes and stay in the shell's history.
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.buffer.readline().decode().rstrip("\r\n")
    if "\0" in password:
        raise click.ClickException("The password contains a character that no form accepts.")
    return password


@reading
async def _find(here: Installation, who: str) -> User:
    async with here.database.reading() as db:
        return await directory.named(db, who=who)


@founding
async def _create(here: Installation, email: str, name: str, password: str) -> User:
    transaction, site = here.database.transaction, here.settings.site
    return await users.create(transaction, here.passwords, email=email, name=name, password=password, site=site)


@operation
async def _disable(here: Installation, who: str) -> User:
    async with here.database.transaction() as db:
        found = await directory.named(db, who=who)
        await users.disable(db, user=found, now=clock.now())
    return found


@operation
async def _enable(here: Installation, who: str) -> User:
    async with here.database.transaction() as db:
        found = await directory.named(db, who=who)
        await users.enable(db, user=found, now=clock.now())
    return found


@operation
async def _reset_second_step(here: Installation, who: str) -> User:
    async with here.database.transaction() as db:
        found = await directory.named(db, who=who)
        await users.reset_second_step(db, user=found)
    return found


@operation
async def _set_password(here: Installation, found: User, password: str) -> None:
    transaction, site = here.database.transaction, here.settings.site
    await users.set_password(transaction, here.passwords, user=found, password=password, site=site)


@operation
async def _delete(here: Installation, found: User) -> None:
    async with here.database.transaction() as db:
        await users.delete_user(db, user=found)


def _row(user: User) -> Row:
    return {"id": user.id, "email": user.email, "name": user.name, "disabled_at": user.disabled_at}
