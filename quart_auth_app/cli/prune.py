"""`quart-auth-app prune`: for where no server runs that does it every hour."""

import click

from quart_auth_app import clock
from quart_auth_app.cli.running import Installation, operation
from quart_auth_app.operations import housekeeping


@click.command()
@operation
async def prune(here: Installation) -> None:
    """Delete what has expired: sessions, and counts of attempts. A server does so every hour."""
    async with here.database.transaction() as db:
        await housekeeping.prune(db, now=clock.now())
