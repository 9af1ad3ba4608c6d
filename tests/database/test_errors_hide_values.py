"""What a failed statement was given is in no message: it may be an address, a name, or a password's hash."""

import pytest
from quart import Quart
from sqlalchemy import text

from quart_auth_app.database.units_of_work import Database
from tests.people import Client

CANARY = "canary@example.com"


@pytest.mark.asvs("14.2.4", "16.2.5")
async def test_the_log_of_a_failed_statement_shows_no_values(
    app: Quart, client: Client, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/broken")
    async def broken() -> str:
        async with database.transaction() as db:
            await db.execute(text("SELECT :value FROM nowhere"), {"value": CANARY})
        return ""

    assert (await client.get("/broken")).status_code in {500, 503}
    messages = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    assert "nowhere" in messages
    assert CANARY not in messages
