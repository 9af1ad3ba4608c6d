"""Health checks for orchestrators and load balancers. They reveal no version and no reason for a failure."""

import asyncio

from quart import Blueprint

from quart_auth_app.database import migrations
from quart_auth_app.database.units_of_work import DatabaseAway
from quart_auth_app.web.services import services

READY_WITHIN = 1.5
"""Seconds that the database may take to answer, so that a probe gets its answer within two."""

health = Blueprint("health", __name__)


@health.get("/healthz")
async def healthz() -> str:
    """Answer 200: the process is running."""
    return "ok"


@health.get("/readyz")
async def readyz() -> tuple[str, int]:
    """Answer 200 if the database answers and its schema is this version's, else 503."""
    try:
        async with asyncio.timeout(READY_WITHIN):
            ready = await services().database.schema.revision() == migrations.HEAD
    except (DatabaseAway, TimeoutError):
        ready = False
    return ("ok", 200) if ready else ("unavailable", 503)
