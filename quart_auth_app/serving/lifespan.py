"""What runs while the application is served, from the server's start to its end."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from functools import partial

from quart import Quart

from quart_auth_app import clock
from quart_auth_app.accounts.failed_log_ins import WRITE_EVERY
from quart_auth_app.database.units_of_work import Database, DatabaseAway, SchemaOutdated
from quart_auth_app.instance import SettingsError
from quart_auth_app.operations import housekeeping
from quart_auth_app.serving.hypercorn_fixes import http1_only, time_limits
from quart_auth_app.serving.hypercorn_fixes import workers as hypercorn_worker
from quart_auth_app.serving.periodic import repeated
from quart_auth_app.serving.refused_start import told_in_a_sentence
from quart_auth_app.web.services import Services

PRUNE_EVERY = 60 * 60
"""Seconds between two rounds of throwing away what has expired."""

COUNT_SESSIONS_EVERY = 60
"""Seconds between two counts of the sessions, for the metrics: counting reads the whole table."""

_log = logging.getLogger("quart_auth_app.lifespan")


def init_app(app: Quart, services: Services) -> None:
    """Begin with the server, end with it."""

    @app.while_serving
    async def serve() -> AsyncGenerator[None]:
        http1_only.insist(app)
        time_limits.keep_by_one_task()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(services.database.close)
            with told_in_a_sentence():
                _insist_on_no_debugger(app, services)
                await _get_ready(services.database)
                stack.push_async_callback(_write_failures, services)
                if services.metrics:
                    stack.enter_context(services.metrics.served(services.settings))
            await stack.enter_async_context(repeated(partial(_prune, services.database), every=PRUNE_EVERY))
            await stack.enter_async_context(repeated(partial(_write_failures, services), every=WRITE_EVERY))
            if services.metrics:
                count = partial(services.metrics.count_sessions, services.database)
                await stack.enter_async_context(repeated(count, every=COUNT_SESSIONS_EVERY))
            hypercorn_worker.prepare()
            yield


def _insist_on_no_debugger(app: Quart, services: Services) -> None:
    if app.debug and services.settings.https:
        raise SettingsError("The debugger shows the inside to everybody: it does not go with an https PUBLIC_URL.")


async def _get_ready(database: Database) -> None:
    try:
        await database.get_ready()
    except SchemaOutdated as error:
        raise _refusal(str(error)) from None
    except DatabaseAway as error:
        raise _refusal(f"DATABASE_URL: the database can't be used now: {error}") from None


def _refusal(sentence: str) -> SettingsError:
    # It ends the event loop, which would add the traceback of a task that nobody waited for.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    return SettingsError(sentence)


async def _prune(database: Database) -> None:
    try:
        await housekeeping.keep_house(database.transaction, now=clock.now())
    except DatabaseAway:
        _log.warning("pruning failed, trying again later", exc_info=True)


async def _write_failures(services: Services) -> None:
    try:
        await services.failed_log_ins.write(services.database.transaction, now=clock.now())
    except DatabaseAway:
        _log.warning("writing down failed log-ins failed, trying again later", exc_info=True)
