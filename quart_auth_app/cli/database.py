"""`quart-auth-app db`: the schema."""

import click

from quart_auth_app import clock
from quart_auth_app.cli.findings import report
from quart_auth_app.cli.output import as_json, show_one
from quart_auth_app.cli.running import Installation, operation
from quart_auth_app.database import migrations
from quart_auth_app.operations import doctor, housekeeping


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
@as_json
@operation
async def upgrade(here: Installation, as_json: bool) -> None:
    """Bring the schema up to date. With SQLite the application does so by itself; both make a copy first."""
    await here.database.upgrade()
    await housekeeping.delete_users(here.database.transaction, now=clock.now())
    show_one(await _revisions(here), as_json=as_json)


@db.command()
@as_json
@operation
async def current(here: Installation, as_json: bool) -> None:
    """Print the schema's revision, and the one that this version needs."""
    show_one(await _revisions(here), as_json=as_json)


@db.command()
@as_json
@operation
async def check(here: Installation, as_json: bool) -> None:
    """Tell whether the schema is exactly this version's; exit with 1 if not."""
    async with here.database.reader.connect() as connection:
        findings = await doctor.about_schema(connection)
    report(findings, fine="The schema is this version's.", as_json=as_json)


async def _revisions(here: Installation) -> dict[str, object]:
    return {"revision": await here.database.revision(), "needed": migrations.HEAD}
