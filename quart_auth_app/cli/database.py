"""`quart-auth-app db`: the schema."""

import asyncio
from pathlib import Path

import click
from sqlalchemy import URL, make_url

from quart_auth_app import clock
from quart_auth_app.cli.findings import report
from quart_auth_app.cli.output import as_json, show_one
from quart_auth_app.cli.progress import progress
from quart_auth_app.cli.running import Installation, founding, reading, sites_app
from quart_auth_app.database import migrations
from quart_auth_app.database.engines import create_engine
from quart_auth_app.database.migrations import sites_new_migration
from quart_auth_app.database.schema import UPGRADE_PATIENCE, SchemaOutdated
from quart_auth_app.operations import database_doctor, housekeeping
from quart_auth_app.web.services import services_of


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
        findings = await database_doctor.about_schema(connection)
    report(findings, fine="The schema is this version's.", as_json=as_json)


@db.command()
@click.argument("name")
@as_json
def migration(name: str, as_json: bool) -> None:
    """Write a migration of the site's own tables, and of its columns on the user, from how its models have changed."""
    app = sites_app()
    if not app:
        raise click.ClickException("Name your site with --app or QUART_APP.")
    folder = services_of(app).database.schema.sites_migrations
    if not folder:
        raise click.ClickException(
            "Your site has no place for migrations. Give create_app, or Accounts, import_name=__name__."
        )
    file = asyncio.run(_write_migration(services_of(app).database.url, folder, name))
    if not file:
        raise click.ClickException("There is nothing to write: the models are as the migrations leave them.")
    show_one({"file": str(file)}, as_json=as_json)


async def _write_migration(url: URL, folder: Path, name: str) -> Path | None:
    in_memory = make_url("sqlite://")
    engine = create_engine(in_memory if url.get_backend_name() == "sqlite" else url, patience=UPGRADE_PATIENCE)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(sites_new_migration.write_migration, folder, name)
    except migrations.UnusableDatabase as error:
        raise SchemaOutdated(str(error)) from error
    finally:
        await engine.dispose()


@founding
async def _upgrade(here: Installation) -> dict[str, object]:
    with progress("Steps of the schema") as tell:
        await here.database.schema.upgrade(tell=tell)
    with progress("Users to delete") as tell:
        await housekeeping.delete_users(here.database, now=clock.now(), tell=tell)
    return await _revisions(here)


async def _revisions(here: Installation) -> dict[str, object]:
    return {"revision": await here.database.schema.revision(), "needed": migrations.HEAD}
