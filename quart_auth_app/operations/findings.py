"""All that `doctor` looks at, for the command and for the admin page."""

from datetime import datetime

from quart_auth_app import clock
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.operations import database_doctor, doctor
from quart_auth_app.operations.secrets import about_keys
from quart_auth_app.settings import Settings


async def around_database(settings: Settings, *, now: datetime) -> list[str]:
    """Return what is wrong with settings and files, and with the servers of mail and providers, which are asked."""
    return [
        *doctor.about_settings(settings),
        *doctor.about_files(settings.database_url),
        *await doctor.about_mail(settings),
        *await doctor.about_providers(settings, now=now),
    ]


async def in_database(database: Database, keys: Keys) -> list[str]:
    """Return what is wrong with the schema, clocks, keys and mails. Raises DatabaseAway."""
    async with database.reader.connect() as connection:
        # Without the tables there is nothing to ask about the rest.
        return await database_doctor.about_schema(connection) or [
            *await database_doctor.about_writes(connection),
            *await database_doctor.about_clocks(connection, clock=clock.now),
            *await about_keys(connection, keys),
            *await database_doctor.about_outbox(connection),
        ]
