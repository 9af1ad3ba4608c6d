"""Starts and ends the work that runs beside the requests, with the server."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from quart import Quart

from quart_auth_app import clock
from quart_auth_app.accounts import deletion
from quart_auth_app.accounts.history.daily_counts import WRITE_EVERY as COUNTS_EVERY
from quart_auth_app.accounts.history.failed_log_ins import WRITE_EVERY
from quart_auth_app.database.schema import SchemaOutdated
from quart_auth_app.database.units_of_work import Database, DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.operations import housekeeping
from quart_auth_app.serving.background import Background
from quart_auth_app.serving.hypercorn_fixes import (
    broken_logging_traceback,
    busy_port_traceback,
    endless_connections,
    endless_upgrades,
    endless_wait,
    exit_code_zero_of_command,
    killed_workers,
    serves_this_process,
    unlogged_errors,
)
from quart_auth_app.serving.periodic import repeated
from quart_auth_app.web import signals
from quart_auth_app.web.services import Services
from quart_auth_app.web.telemetry import repeated_errors

PRUNE_EVERY = 60 * 60
"""Seconds between two rounds of pruning."""

ANNOUNCE_EVERY = 60
"""Seconds between two checks for users whom a command or another worker has deleted."""

COUNT_EVERY = 60
"""Seconds between two counts of sessions and mails for the metrics."""

COUNT_SHARE = 0.01
"""The share of the time that counting may take. It reads whole tables: from some four million sessions on, it takes
more than 0.6 s, and is done less often than each minute."""

_log = logging.getLogger("quart_auth_app.lifespan")


def init_app(app: Quart, services: Services, *, is_guest: bool = False) -> None:
    """Run the work while the server runs. As a guest in another application, don't change the server."""

    @asynccontextmanager
    async def serving() -> AsyncIterator[None]:
        if not is_guest:
            endless_upgrades.fix(app)
            unlogged_errors.fix(services)
            if serves_this_process():
                repeated_errors.thin_out(logging.getLogger("asyncio"))  # a traceback for each refused connection
                repeated_errors.thin_out(logging.getLogger("hypercorn.error"))
            endless_connections.fix()
            busy_port_traceback.fix()
            broken_logging_traceback.fix()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(services.database.close)
            _insist_on_no_debugger(app, services)
            await _get_ready(services.database)
            stack.push_async_callback(_write_failures, services)
            stack.push_async_callback(_write_counts, services)
            if services.metrics:
                stack.enter_context(services.metrics.served(services.settings))
            await stack.enter_async_context(repeated(partial(_prune, app, services.database), every=PRUNE_EVERY))
            await stack.enter_async_context(repeated(partial(_announce, app, services.database), every=ANNOUNCE_EVERY))
            await stack.enter_async_context(repeated(partial(_write_failures, services), every=WRITE_EVERY))
            await stack.enter_async_context(repeated(partial(_write_counts, services), every=COUNTS_EVERY))
            if services.metrics:
                count = partial(services.metrics.count, services.database)
                await stack.enter_async_context(repeated(count, every=COUNT_EVERY, share=COUNT_SHARE))
            if services.sender:
                await stack.enter_async_context(services.sender.running())
            if not is_guest:
                endless_wait.fix()
                killed_workers.fix()
            exit_code_zero_of_command.has_started()
            if serves_this_process():
                # What is loaded stays as long as the process. Without this, each full garbage collection looks through
                # all of it again, and pages wait meanwhile: docs/performance.md has the times.
                gc.collect()
                gc.freeze()
            yield

    # Not `app.while_serving`, which works once for each application, and tests serve the same one several times.
    task = Background(serving)
    app.before_serving(task.begin)
    app.after_serving(task.end)


def _insist_on_no_debugger(app: Quart, services: Services) -> None:
    if app.debug and services.settings.https:
        raise SettingsError("The debugger shows the inside to everybody: it does not go with an https PUBLIC_URL.")


async def _get_ready(database: Database) -> None:
    try:
        await database.get_ready()
    except SchemaOutdated as error:
        raise SettingsError(str(error)) from None
    except DatabaseAway as error:
        raise SettingsError(f"DATABASE_URL: the database can't be used now: {error}") from None


async def _prune(app: Quart, database: Database) -> None:
    try:
        await housekeeping.keep_house(database, now=clock.now())
    except DatabaseAway:
        _log.warning("pruning failed, trying again later", exc_info=True)
    else:
        await _announce(app, database)


async def _announce(app: Quart, database: Database) -> None:
    if not signals.deleted.has_receivers_for(app):
        return  # keep the announcements for the first receiver
    try:
        async with database.transaction() as db:
            gone = await deletion.unannounced(db, now=clock.now())
        for user_id in gone:
            await signals.tell(app, signals.deleted, user_id=user_id)
            async with database.transaction() as db:
                await deletion.announced(db, user_id=user_id)
    except DatabaseAway:
        _log.warning("announcing deletions failed, trying again later", exc_info=True)


async def _write_counts(services: Services) -> None:
    try:
        await services.daily_counts.write(services.database.transaction)
    except DatabaseAway:
        _log.warning("writing down the counts of the day failed, trying again later", exc_info=True)


async def _write_failures(services: Services) -> None:
    try:
        await services.failed_log_ins.write(services.database.transaction, now=clock.now())
    except DatabaseAway:
        _log.warning("writing down failed log-ins failed, trying again later", exc_info=True)
