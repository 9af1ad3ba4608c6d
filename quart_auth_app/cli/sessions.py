"""`quart-auth-app session`: who is logged in, and how to log them out."""

import click

from quart_auth_app import clock
from quart_auth_app.accounts import sessions
from quart_auth_app.cli.output import Row, as_json, show
from quart_auth_app.cli.running import Installation, operation, reading
from quart_auth_app.models import Session, User
from quart_auth_app.operations import acts, directory


@click.group()
def session() -> None:
    """Who is logged in."""


@session.command("list")
@click.option("--user", "who", metavar="USER", help="Only those of one user: a number or an address.")
@as_json
@reading
async def list_(here: Installation, who: str | None, as_json: bool) -> None:
    """List who is logged in, last seen first."""
    async with here.database.reading() as db:
        user = await directory.named(db, who=who) if who is not None else None
        active = await sessions.active(db, user=user, now=clock.now())
    show([_row(*each) for each in active], as_json=as_json)


@session.command()
@click.argument("session", metavar="[SESSION]", type=click.IntRange(1, directory.MAX_ID), required=False)
@click.option("--user", "who", metavar="USER", help="All sessions of one user: a number or an address.")
@click.option("--all", "everybodys", is_flag=True, help="All sessions of all users.")
def revoke(session: int | None, who: str | None, everybodys: bool) -> None:
    """Revoke one session, all of a user, or all there are. Whoever used it is logged out at the next request."""
    if [session is not None, who is not None, everybodys].count(True) != 1:
        raise click.UsageError("Name one of: the number of a session, --user USER, --all.")
    _revoke(session, who)


@operation
async def _revoke(here: Installation, number: int | None, who: str | None) -> User | None:
    async with here.database.transaction() as db:
        if number is not None:
            await sessions.revoke_one(db, session_id=number, now=clock.now())
        elif who is not None:
            found = await directory.named(db, who=who)
            await acts.carry_out(db, "revoke-sessions", acts.Wish(user=found, now=clock.now()))
            return found
        else:
            await sessions.revoke_everybodys(db, now=clock.now())
    return None


def _row(session: Session, user: User) -> Row:
    return {
        "id": session.id,
        "user_id": user.id,
        "email": user.email,
        "created_at": session.created_at,
        "last_seen_at": session.last_seen_at,
        "remembered": session.remember,
        "address": session.address,
        "user_agent": session.user_agent,
    }
