"""`quart-auth-app user`: the commands that only show accounts."""

from collections.abc import Sequence

import click

from quart_auth_app import clock
from quart_auth_app.accounts import access_keys, sessions
from quart_auth_app.accounts.credentials import passkeys, second_step, ways_in
from quart_auth_app.accounts.history import activity
from quart_auth_app.cli.output import Row, as_json, paged, show, show_one, show_page
from quart_auth_app.cli.progress import progress
from quart_auth_app.cli.running import Installation, reading
from quart_auth_app.models import User
from quart_auth_app.operations import directory

user_argument = click.argument("who", metavar="USER")


def row(user: User) -> Row:
    """Return what the commands print about an account."""
    moments = {"created_at": user.created_at, "last_log_in_at": user.last_log_in_at, "disabled_at": user.disabled_at}
    return {"id": user.id, "email": user.email, "name": user.name, "roles": user.roles} | moments


@click.command("list")
@click.argument("search", default="")
@paged
@as_json
def list_(search: str, after: int, limit: int, as_json: bool) -> None:
    """List accounts, oldest first: all, or those that have SEARCH for a number or within the address or the name."""
    found = _page(search=search, after=after, limit=limit + 1)
    show_page([row(each) for each in found], limit=limit, as_json=as_json)


@click.command("show")
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
    show_one(row(found) | moments | ways_in_of | seen, as_json=as_json)


@click.command("activity")
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


@click.command("access-keys")
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


@reading
async def _page(here: Installation, *, search: str, after: int, limit: int) -> Sequence[User]:
    with progress("Users looked at") as tell:
        async with here.database.reading() as db:
            return await directory.page(db, search=search, after=after, limit=limit, tell=tell)
