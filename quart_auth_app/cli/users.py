"""`quart-auth-app user`: the accounts."""

import sys
from collections.abc import Sequence

import click

from quart_auth_app import clock
from quart_auth_app.accounts import access_keys, activity, passkeys, second_step, sessions, users, ways_in
from quart_auth_app.cli.output import Row, as_json, paged, printable, show, show_one, show_page
from quart_auth_app.cli.progress import progress
from quart_auth_app.cli.running import Installation, founding, operation, reading
from quart_auth_app.models import User
from quart_auth_app.operations import acts, directory

user_argument = click.argument("who", metavar="USER")
even_last = click.option(
    "--even-last-admin", is_flag=True, help="Also if nobody else is an admin; make somebody one with: user grant"
)


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


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="What the pages call the person.")
@as_json
def invite(email: str, name: str, as_json: bool) -> None:
    """Create an account, and mail a link to its owner, who chooses the password."""
    show_one(_row(_invite(email, name)), as_json=as_json)


@user.command("list")
@click.argument("search", default="")
@paged
@as_json
def list_(search: str, after: int, limit: int, as_json: bool) -> None:
    """List accounts, oldest first: all, or those that have SEARCH for a number or within the address or the name."""
    found = _page(search=search, after=after, limit=limit + 1)
    show_page([_row(each) for each in found], limit=limit, as_json=as_json)


@user.command("show")
@user_argument
@as_json
@reading
async def show_(here: Installation, who: str, as_json: bool) -> None:
    """Show one account: its state, its ways in, how many sessions it has and when it was last there."""
    async with here.database.reading() as db:
        found = await directory.named(db, who=who)
        active = await sessions.active(db, user=found, now=clock.now())
        state = await second_step.state(db, user_id=found.id)
        own = list(await passkeys.own(db, user_id=found.id))
        keys = await access_keys.own(db, user_id=found.id, now=clock.now())
    ways_in_of = {
        "password": found.password != ways_in.NO_PASSWORD,
        "second_step": state.is_on,
        "passkeys": len(own),
        "access_keys": len(keys),
    }
    moments = {"verified_at": found.verified_at, "delete_at": found.delete_at}
    seen = {"sessions": len(active), "last_seen_at": active[0][0].last_seen_at if active else None}
    show_one(_row(found) | moments | ways_in_of | seen, as_json=as_json)


@user.command("activity")
@user_argument
@click.option("--before", type=click.IntRange(1, activity.NEWEST), default=activity.NEWEST, help="Events below this.")
@as_json
@reading
async def activity_(here: Installation, who: str, before: int, as_json: bool) -> None:
    """List what has happened to an account, newest first, as its owner sees it."""
    async with here.database.reading() as db:
        found = await directory.named(db, who=who)
        events = await activity.page(db, user_id=found.id, before=before)
    names = ["id", "at", "kind", "address", "browser"]
    show([{name: getattr(event, name) for name in names} for event in events], as_json=as_json)


@user.command()
@user_argument
@even_last
@as_json
def disable(who: str, even_last_admin: bool, as_json: bool) -> None:
    """Disable an account until it is enabled again, and revoke its sessions."""
    show_one(_row(_act("disable", who, even_last_admin=even_last_admin)), as_json=as_json)


@user.command()
@user_argument
@as_json
def enable(who: str, as_json: bool) -> None:
    """Enable a disabled account again."""
    show_one(_row(_act("enable", who)), as_json=as_json)


@user.command()
@user_argument
@click.option("--yes", is_flag=True, help="Don't ask.")
@even_last
def delete(who: str, yes: bool, even_last_admin: bool) -> None:
    """Delete an account for good. Asks first."""
    found = _find(who)
    if not yes:
        click.confirm(f"Delete user {found.id}, {printable(found.email)}, for good?", abort=True, err=True)
    _act("delete", str(found.id), even_last_admin=even_last_admin)


@user.command()
@user_argument
@click.argument("role")
@as_json
def grant(who: str, role: str, as_json: bool) -> None:
    """Give an account a role: admin, or one of the setting ROLES."""
    show_one(_row(_act("grant", who, role=role)), as_json=as_json)


@user.command()
@user_argument
@click.argument("role")
@even_last
@as_json
def withdraw(who: str, role: str, even_last_admin: bool, as_json: bool) -> None:
    """Take a role from an account."""
    show_one(_row(_act("withdraw", who, role=role, even_last_admin=even_last_admin)), as_json=as_json)


@user.command()
@user_argument
@as_json
def set_password(who: str, as_json: bool) -> None:
    """Give an account another password and revoke its sessions. Asks for it as `add` does."""
    found = _find(who)
    _set_password(found, _new_password())
    show_one(_row(found), as_json=as_json)


@user.command("access-keys")
@user_argument
@as_json
@reading
async def access_keys_(here: Installation, who: str, as_json: bool) -> None:
    """List the access keys of an account, without the keys themselves."""
    async with here.database.reading() as db:
        found = await directory.named(db, who=who)
        keys = await access_keys.own(db, user_id=found.id, now=clock.now())
    names = ["id", "name", "beginning", "created_at", "last_used_at", "expires_at"]
    show_page([{name: getattr(key, name) for name in names} for key in keys], limit=len(keys), as_json=as_json)


@user.command()
@user_argument
@as_json
def revoke_access_keys(who: str, as_json: bool) -> None:
    """Revoke all access keys of an account. Its sessions stay."""
    show_one(_row(_act("revoke-access-keys", who)), as_json=as_json)


@user.command()
@user_argument
@as_json
def send_reset(who: str, as_json: bool) -> None:
    """Mail a link to the account's address, by which its owner chooses another password. Until then all stays."""
    show_one(_row(_act("send-reset", who)), as_json=as_json)


@user.command()
@user_argument
@as_json
def reset_second_step(who: str, as_json: bool) -> None:
    """Turn the second step off for somebody who has lost the phone and the recovery codes. Revokes all sessions.

    Make sure first that it is really this person who asks: the password alone opens the account afterwards.
    """
    show_one(_row(_act("reset-second-step", who)), as_json=as_json)


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
async def _page(here: Installation, *, search: str, after: int, limit: int) -> Sequence[User]:
    with progress("Users looked at") as tell:
        async with here.database.reading() as db:
            return await directory.page(db, search=search, after=after, limit=limit, tell=tell)


@reading
async def _find(here: Installation, who: str) -> User:
    async with here.database.reading() as db:
        return await directory.named(db, who=who)


@founding
async def _create(here: Installation, email: str, name: str, password: str) -> User:
    transaction, site = here.database.transaction, here.settings.site
    return await users.create(transaction, here.passwords, email=email, name=name, password=password, site=site)


@operation
async def _invite(here: Installation, email: str, name: str) -> User:
    return await users.invite(here.database.transaction, here.passwords, email=email, name=name)


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


@operation
async def _set_password(here: Installation, found: User, password: str) -> None:
    transaction, site = here.database.transaction, here.settings.site
    await users.set_password(transaction, here.passwords, user=found, password=password, site=site)


def _row(user: User) -> Row:
    moments = {"created_at": user.created_at, "last_log_in_at": user.last_log_in_at, "disabled_at": user.disabled_at}
    return {"id": user.id, "email": user.email, "name": user.name, "roles": user.roles} | moments
