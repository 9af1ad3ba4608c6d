"""`quart-auth-app db`: the schema."""

import click

from quart_auth_app import clock
from quart_auth_app.cli.findings import report
from quart_auth_app.cli.output import as_json, show_one
from quart_auth_app.cli.running import Installation, founding, reading
from quart_auth_app.database import migrations
from quart_auth_app.operations import doctor, housekeeping


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
@as_json
def upgrade(as_json: bool) -> None:
    """Bring the schema up to date. Creates the database file of SQLite if there is none."""
    show_one(_upgrade(), as_json=as_json)


@db.command()
@as_json
@reading
async def current(here: Installation, as_json: bool) -> None:
    """Show the schema's revision, and the one that this version needs."""
    show_one(await _revisions(here), as_json=as_json)


@db.command()
@as_json
@reading
async def check(here: Installation, as_json: bool) -> None:
    """Check that the schema is exactly this version's. Exits with 1 if not."""
    async with here.database.reader.connect() as connection:
        findings = await doctor.about_schema(connection)
    report(findings, fine="The schema is this version's.", as_json=as_json)


@founding
async def _upgrade(here: Installation) -> dict[str, object]:
    await here.database.upgrade()
    await housekeeping.delete_users(here.database.transaction, now=clock.now())
    return await _revisions(here)


async def _revisions(here: Installation) -> dict[str, object]:
    return {"revision": await here.database.revision(), "needed": migrations.HEAD}
