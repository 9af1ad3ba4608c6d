"""An account system for Quart: `create_app` is the front door."""

import os
from collections.abc import Mapping

from quart import Quart

from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.blueprints.account import account
from quart_auth_app.blueprints.activity import activity
from quart_auth_app.blueprints.auth import auth
from quart_auth_app.blueprints.health import health
from quart_auth_app.blueprints.main import main
from quart_auth_app.blueprints.recovery import recovery
from quart_auth_app.blueprints.second_step import second_step
from quart_auth_app.blueprints.sessions import sessions
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.instance import SettingsError
from quart_auth_app.mail import sending
from quart_auth_app.models import Base, User
from quart_auth_app.serving import lifespan, refused_start
from quart_auth_app.settings import ALL_NAMES, Settings
from quart_auth_app.web import error_pages, moments, own_files, pages, signals, urls, yielding
from quart_auth_app.web.edge import middleware as edge
from quart_auth_app.web.edge import same_origin
from quart_auth_app.web.forms import fields as forms
from quart_auth_app.web.forms import flashes
from quart_auth_app.web.identity import current_user as current
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import log_in, log_out
from quart_auth_app.web.services import EXTENSION, Services, reading, transaction
from quart_auth_app.web.telemetry import logs

__all__ = [
    "Accounts",
    "Base",
    "SettingsError",
    "User",
    "create_app",
    "current_user",
    "log_in",
    "log_out",
    "reading",
    "signals",
    "transaction",
]

PAGES = (main, auth, second_step, account, sessions, activity, recovery)
"""The blueprints that people see. They join every application; `health` is for one that is ours alone."""


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
    urls.init_app(app)  # first: the template filters that follow make Jinja's environment, which keeps url_for
    logs.init_app(app)
    edge.init_app(app, services)
    same_origin.init_app(app)
    forms.init_app(app)
    flashes.init_app(app, settings)
    current.init_app(app, settings)
    own_files.init_app(app)
    moments.init_app(app)
    pages.init_app(app, settings)
    error_pages.init_app(app)
    lifespan.init_app(app, services)
    for blueprint in (*PAGES, health):
        app.register_blueprint(blueprint)
    ours = set(app.blueprints)
    forms.limit(app, blueprints=ours)
    _keep_pages_out_of_threads(app, ours)
    yielding.give_way(app, blueprints=ours)


class Accounts:
    """Accounts for an application that exists: `Accounts(app)`, or `Accounts().init_app(app)` once it is configured.

    Our pages join it, at `url_prefix` if one is given. Its own pages, error pages, headers, session and limits stay as
    they are. Settings are read from `app.config`, then from the environment. The application's blueprints must have
    other names than ours: `main`, `auth`, `second_step`, `account`, `sessions`, `activity`.
    """

    def __init__(self, app: Quart | None = None, *, url_prefix: str | None = None) -> None:
        self._url_prefix = url_prefix
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Quart) -> None:
        """Join the application. Raises SettingsError; a server that calls prints its sentence and ends."""
        with refused_start.told_in_a_sentence():
            settings = Settings.read(app.config, os.environ)
            services = _services(settings)
        if not app.config["SECRET_KEY"]:
            app.config.update(SECRET_KEY=settings.secret_key, SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks))
        app.extensions[EXTENSION] = services
        ours = {blueprint.name for blueprint in PAGES}
        logs.join()
        edge.join(app, services, blueprints=ours)
        same_origin.join(app, blueprints=ours, cookie=cookie_name("log-in", settings))
        current.init_app(app, settings)
        own_files.join(app)
        moments.init_app(app)
        pages.init_app(app, settings)
        processors = app.template_context_processors[None]
        processors.insert(0, processors.pop())  # so that what the application's own processors say wins
        error_pages.join(app)
        lifespan.init_app(app, services, is_guest=True)
        for blueprint in PAGES:
            app.register_blueprint(blueprint, url_prefix=self._url_prefix)
        forms.limit(app, blueprints=ours)
        _keep_pages_out_of_threads(app, ours)
        yielding.give_way(app, blueprints=ours)


def _keep_pages_out_of_threads(app: Quart, blueprints: set[str]) -> None:
    # Quart's blueprints bring along Flask's own context processor. It finds nothing to say here, but is not async, so
    # that each page would cross into a thread and back for it.
    for name in blueprints:
        del app.template_context_processors[name]


def _services(settings: Settings) -> Services:
    passwords = Passwords(workers=settings.workers)
    metrics = None
    if settings.metrics_bind:
        from quart_auth_app.web.telemetry.metrics import Metrics  # prometheus_client loads only where it is wanted

        metrics = Metrics(passwords)
    keys = Keys(settings.secret_key, settings.secret_key_fallbacks)
    info = {outbox.DOMAIN: settings.mail_from.rpartition("@")[2]} if settings.mail_url else {}
    database = Database(settings.database_url, info=info)
    sender = sending.sender(settings, database, passwords)
    return Services(settings, database, passwords, keys, metrics, sender)
