"""Health, for whoever keeps the process running: no version, no reason, nothing that helps a stranger."""

import asyncio

from quart import Blueprint

from quart_auth_app.database import migrations
from quart_auth_app.database.units_of_work import DatabaseAway
from quart_auth_app.web.services import services

READY_WITHIN = 1.5
"""Seconds in which the database has to answer; who asks gets an answer within two."""

health = Blueprint("health", __name__)


@health.get("/healthz")
async def healthz() -> str:
    """Say that the process lives."""
    return "ok"


@health.get("/readyz")
async def readyz() -> tuple[str, int]:
    """Say whether the database answers and its schema is this version's."""
    try:
        async with asyncio.timeout(READY_WITHIN):
            ready = await services().database.revision() == migrations.HEAD
    except (DatabaseAway, TimeoutError):
        ready = False
    return ("ok", 200) if ready else ("unavailable", 503)
