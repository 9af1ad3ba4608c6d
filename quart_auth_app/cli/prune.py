"""`quart-auth-app prune`: for where no server runs that does it every hour."""

import click

from quart_auth_app import clock
from quart_auth_app.cli.progress import progress
from quart_auth_app.cli.running import Installation, operation
from quart_auth_app.operations import housekeeping


@click.command()
@operation
async def prune(here: Installation) -> None:
    """Delete what has expired, and users who asked for it. A server does so every hour."""
    with progress("Cleaning up") as tell:
        await housekeeping.keep_house(here.database, now=clock.now(), tell=tell)
