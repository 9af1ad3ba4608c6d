"""Health: enough for an orchestrator, nothing for a stranger."""

import asyncio

import pytest
from quart import Quart
from sqlalchemy import text

from quart_auth_app.blueprints import health
from quart_auth_app.database.units_of_work import Database
from tests.conftest import services_of
from tests.people import Client


@pytest.mark.asvs("13.4.5")
async def test_a_healthy_site_is_alive_and_ready(client: Client, app: Quart) -> None:
    await services_of(app).database.get_ready()
    for path in ("/healthz", "/readyz"):
        response = await client.get(path)
        assert (response.status_code, await response.get_data()) == (200, b"ok")


@pytest.mark.asvs("13.4.5")
async def test_a_schema_of_another_version_is_not_ready(client: Client, database: Database) -> None:
    await database.get_ready()
    async with database.transaction() as db:
        await db.execute(text("UPDATE quart_auth_app_version SET version_num = 'older'"))
    response = await client.get("/readyz")
    assert (response.status_code, await response.get_data()) == (503, b"unavailable")
    assert (await client.get("/healthz")).status_code == 200


@pytest.mark.asvs("16.5.2")
async def test_a_database_that_hangs_is_not_ready_within_two_seconds(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> str:
        await asyncio.sleep(30)
        return ""

    assert health.READY_WITHIN < 2
    monkeypatch.setattr(health, "READY_WITHIN", 0.1)
    monkeypatch.setattr(database.schema, "revision", hang)
    async with asyncio.timeout(1):
        assert (await client.get("/readyz")).status_code == 503
