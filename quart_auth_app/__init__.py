"""An account system for Quart: `create_app` is the front door."""

import os
from collections.abc import Mapping

from quart import Quart

from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.blueprints.account import account
from quart_auth_app.blueprints.activity import activity
from quart_auth_app.blueprints.auth import auth
from quart_auth_app.blueprints.health import health
from quart_auth_app.blueprints.main import main
from quart_auth_app.blueprints.second_step import second_step
from quart_auth_app.blueprints.sessions import sessions
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.instance import SettingsError
from quart_auth_app.serving import lifespan, refused_start
from quart_auth_app.settings import ALL_NAMES, Settings
from quart_auth_app.web import error_pages, moments, own_files, pages, urls, yielding
from quart_auth_app.web.edge import middleware as edge
from quart_auth_app.web.edge import same_origin
from quart_auth_app.web.forms import fields as forms
from quart_auth_app.web.forms import flashes
from quart_auth_app.web.identity import current_user as current
from quart_auth_app.web.services import EXTENSION, Services
from quart_auth_app.web.telemetry import logs

__all__ = ["SettingsError", "create_app"]

BLUEPRINTS = (main, auth, second_step, health, account, sessions, activity)
"""All of our pages."""

OURS = {each.name for each in BLUEPRINTS}
"""Names of the blueprints that are not the site's own."""


def create_app(config: Mapping[str, object] | None = None, *, import_name: str | None = None) -> Quart:
    """Return the application. `config` may hold any setting of README.md, and overrides the environment.

    All other keys, Quart's and the site's own, go to `app.config`; one that is a misspelt setting is refused.
    `import_name`, usually `__name__`, is Quart's: the site's own `templates/` and `static/` lie beside that module, and
    replace ours file by file. Raises SettingsError, a ValueError; a server that calls prints its sentence and ends.
    """
    config = config or {}
    with refused_start.told_in_a_sentence():
        settings = Settings.read(config, os.environ)
        services = _services(settings)
    # Without a site there is no folder of templates but ours, which own_files adds.
    app = Quart(import_name) if import_name else Quart(__name__, template_folder=None)
    _assemble(app, settings, services, {name: value for name, value in config.items() if name not in ALL_NAMES})
    return app


def _assemble(app: Quart, settings: Settings, services: Services, sites_own: Mapping[str, object]) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        BODY_TIMEOUT=forms.BODY_TIMEOUT,
    )
    app.config.update(sites_own)
    app.extensions[EXTENSION] = services
    logs.init_app(app)
    edge.init_app(app, services)
    same_origin.init_app(app)
    forms.init_app(app, blueprints=OURS)
    flashes.init_app(app, settings)
    current.init_app(app, settings)
    own_files.init_app(app)
    moments.init_app(app)
    urls.init_app(app)
    pages.init_app(app, settings)
    error_pages.init_app(app)
    lifespan.init_app(app, services)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _keep_pages_out_of_threads(app)
    yielding.give_way(app, blueprints=OURS)


def _keep_pages_out_of_threads(app: Quart) -> None:
    # Quart's blueprints bring along Flask's own context processor. It finds nothing to say here, but is not async, so
    # that each page would cross into a thread and back for it.
    for name in app.blueprints:
        del app.template_context_processors[name]


def _services(settings: Settings) -> Services:
    passwords = Passwords(workers=settings.workers)
    metrics = None
    if settings.metrics_bind:
        from quart_auth_app.web.telemetry.metrics import Metrics  # prometheus_client loads only where it is wanted

        metrics = Metrics(passwords)
    keys = Keys(settings.secret_key, settings.secret_key_fallbacks)
    return Services(settings, Database(settings.database_url), passwords, keys, metrics)
