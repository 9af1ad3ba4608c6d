"""`quart-auth-app overview`: what has happened lately, in numbers."""

from dataclasses import asdict

import click

from quart_auth_app import clock
from quart_auth_app.accounts.history.daily_counts import DailyCounts
from quart_auth_app.cli.output import as_json, show
from quart_auth_app.cli.running import Installation, reading


@click.command()
@as_json
@reading
async def overview(here: Installation, as_json: bool) -> None:
    """Count sign-ups, log-ins and refusals of the last 30 days. A server adds its numbers once a minute."""
    async with here.database.reading() as db:
        days = await DailyCounts().days(db, now=clock.now())
    show([asdict(each) | {"day": each.day.isoformat()} for each in days], as_json=as_json)
