"""`quart-auth-app user`: the commands that act on an account."""

import click

from quart_auth_app import clock
from quart_auth_app.cli.output import as_json, printable, show_one
from quart_auth_app.cli.running import Installation, operation, reading
from quart_auth_app.cli.user_reports import row, user_argument
from quart_auth_app.models import User
from quart_auth_app.operations import acts, directory

even_last = click.option(
    "--even-last-admin", is_flag=True, help="Also if nobody else is an admin; make somebody one with: user grant"
)


@click.command()
@user_argument
@even_last
@as_json
def disable(who: str, even_last_admin: bool, as_json: bool) -> None:
    """Disable an account until it is enabled again, and revoke its sessions."""
    show_one(row(_act("disable", who, even_last_admin=even_last_admin)), as_json=as_json)


@click.command()
@user_argument
@as_json
def enable(who: str, as_json: bool) -> None:
    """Enable a disabled account again."""
    show_one(row(_act("enable", who)), as_json=as_json)


@click.command()
@user_argument
@click.option("--yes", is_flag=True, help="Don't ask.")
@even_last
def delete(who: str, yes: bool, even_last_admin: bool) -> None:
    """Delete an account for good. Asks first."""
    found = find(who)
    if not yes:
        click.confirm(f"Delete user {found.id}, {printable(found.email)}, for good?", abort=True, err=True)
    _act("delete", str(found.id), even_last_admin=even_last_admin)


@click.command()
@user_argument
@click.argument("role")
@as_json
def grant(who: str, role: str, as_json: bool) -> None:
    """Give an account a role: admin, or one of the setting ROLES."""
    show_one(row(_act("grant", who, role=role)), as_json=as_json)


@click.command()
@user_argument
@click.argument("role")
@even_last
@as_json
def withdraw(who: str, role: str, even_last_admin: bool, as_json: bool) -> None:
    """Take a role from an account."""
    show_one(row(_act("withdraw", who, role=role, even_last_admin=even_last_admin)), as_json=as_json)


@click.command()
@user_argument
@as_json
def revoke_access_keys(who: str, as_json: bool) -> None:
    """Revoke all access keys of an account. Its sessions stay."""
    show_one(row(_act("revoke-access-keys", who)), as_json=as_json)


@click.command()
@user_argument
@as_json
def send_reset(who: str, as_json: bool) -> None:
    """Mail a link to the account's address, by which its owner chooses another password. Until then all stays."""
    show_one(row(_act("send-reset", who)), as_json=as_json)


@click.command()
@user_argument
@as_json
def reset_second_step(who: str, as_json: bool) -> None:
    """Turn the second step off for somebody who has lost the phone and the recovery codes. Revokes all sessions.

    Make sure first that it is really this person who asks: the password alone opens the account afterwards.
    """
    show_one(row(_act("reset-second-step", who)), as_json=as_json)


@reading
async def find(here: Installation, who: str) -> User:
    """Return the user whom `who` names. Raises NoSuchUser."""
    async with here.database.reading() as db:
        return await directory.named(db, who=who)


@operation
async def _act(here: Installation, act: str, who: str, *, role: str = "", even_last_admin: bool = False) -> User:
    async with here.database.transaction() as db:
        found = await directory.named(db, who=who)
        await acts.carry_out(
            db,
            act,
            acts.Wish(
                user=found,
                now=clock.now(),
                role=role,
                known_roles=here.settings.all_roles,
                even_last_admin=even_last_admin,
            ),
        )
    return found
