"""An account system for Quart: `create_app` is the front door."""

import os
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

from quart import Quart

from quart_auth_app.accounts.passwords import PasswordHasher
from quart_auth_app.blueprints.auth import auth
from quart_auth_app.blueprints.main import main
from quart_auth_app.database import Database
from quart_auth_app.settings import NAMES, Settings, SettingsError
from quart_auth_app.web import current, error_pages, forms, headers
from quart_auth_app.web.services import EXTENSION, Services

__all__ = ["create_app"]

HERE = Path(__file__).parent
# In a wheel the templates lie inside the package, in a checkout beside it.
TEMPLATES = next(folder for folder in (HERE / "templates", HERE.parent / "templates") if folder.is_dir())


def create_app(config: Mapping[str, object] | None = None) -> Quart:
    """Return the application. `config` may hold any setting of README.md, and overrides the environment.

    Keys that Quart itself knows, such as TESTING, are handed on to it. Raises SettingsError.
    """
    config = config or {}
    settings = Settings.read(config, os.environ)
    app = Quart(__name__, template_folder=str(TEMPLATES))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME=current.cookie_name("flash", settings),
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_SAMESITE="Lax",
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
    services = Services(settings, Database(settings.database_url), PasswordHasher(workers=settings.workers))
    app.extensions[EXTENSION] = services
    current.init_app(app, settings)
    error_pages.init_app(app)
    headers.init_app(app, settings)
    app.register_blueprint(main)
    app.register_blueprint(auth)

    @app.while_serving
    async def keep_database() -> AsyncGenerator[None]:
        await services.database.get_ready()
        yield
        await services.database.close()

    return app
