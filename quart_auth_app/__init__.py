"""An account system for Quart: `create_app` is the front door."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

from quart import Quart

from quart_auth_app.accounts import housekeeping
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.blueprints.auth import auth
from quart_auth_app.blueprints.health import health
from quart_auth_app.blueprints.main import main
from quart_auth_app.database import Database, DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import NAMES, Settings
from quart_auth_app.web import (
    clock,
    current,
    edge,
    error_pages,
    flashes,
    forms,
    logs,
    same_origin,
    static_files,
)
from quart_auth_app.web.services import EXTENSION, Services

__all__ = ["create_app"]

HERE = Path(__file__).parent
# In a wheel the templates lie inside the package, in a checkout beside it.
TEMPLATES = next(folder for folder in (HERE / "templates", HERE.parent / "templates") if folder.is_dir())


PRUNE_EVERY = 60 * 60
"""Seconds between two rounds of throwing away what has expired."""


def create_app(config: Mapping[str, object] | None = None) -> Quart:
    """Return the application. `config` may hold any setting of README.md, and overrides the environment.

    Keys that Quart itself knows, such as TESTING, are handed on to it. Raises SettingsError.
    """
    config = config or {}
    settings = Settings.read(config, os.environ)
    app = Quart(__name__, template_folder=str(TEMPLATES))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        MAX_CONTENT_LENGTH=forms.MAX_BODY,
        MAX_FORM_MEMORY_SIZE=forms.MAX_BODY,
        MAX_FORM_PARTS=forms.MAX_FIELDS,
        BODY_TIMEOUT=forms.BODY_TIMEOUT,
    )
    for name in config.keys() - set(NAMES):
        if name not in app.config:
            raise SettingsError(f"{name} is no setting; allowed: {', '.join(NAMES)}, and Quart's own")
        app.config[name] = config[name]

    app.request_class = forms.StrictRequest
    services = Services(settings, Database(settings.database_url), Passwords(workers=settings.workers))
    app.extensions[EXTENSION] = services
    logs.init_app()
    edge.init_app(app, settings)
    same_origin.init_app(app)
    flashes.init_app(app, settings)
    current.init_app(app, settings)
    static_files.init_app(app)
    error_pages.init_app(app)
    app.register_blueprint(main)
    app.register_blueprint(auth)
    app.register_blueprint(health)

    @app.while_serving
    async def keep_database() -> AsyncGenerator[None]:
        if app.debug and settings.https:
            raise SettingsError("The debugger shows the inside to everybody: it does not go with an https PUBLIC_URL.")
        await services.database.get_ready()
        pruning = asyncio.create_task(_prune_now_and_then(services.database))
        yield
        pruning.cancel()
        await services.database.close()

    return app


async def _prune_now_and_then(database: Database) -> None:
    while True:
        try:
            async with database.transaction() as db:
                await housekeeping.prune(db, now=clock.now())
        except DatabaseAway:
            logging.getLogger(__name__).warning("pruning failed, trying again later", exc_info=True)
        await asyncio.sleep(PRUNE_EVERY)
