"""`quart-auth-app doctor`: finds faults of an installation that runs all the same."""

import asyncio

import click

from quart_auth_app import clock
from quart_auth_app.cli.findings import report
from quart_auth_app.cli.output import as_json
from quart_auth_app.cli.refusals import away
from quart_auth_app.cli.running import Installation, reading, settings
from quart_auth_app.database.units_of_work import DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.operations import findings


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Look for faults in settings, files, mail, providers, schema, clocks and keys. Exits with 1 if there are any."""
    report(_findings(), fine="no findings", as_json=as_json)


def _findings() -> list[str]:
    found: list[str] = []
    try:
        given = settings()
        found += asyncio.run(findings.around_database(given, now=clock.now()))
        found += _about_database()
    except SettingsError as error:
        found.append(str(error))
    except DatabaseAway as error:
        found.append(away(error))
    return found


@reading
async def _about_database(here: Installation) -> list[str]:
    return await findings.in_database(here.database, here.keys)
