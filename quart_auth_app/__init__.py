"""An account system for Quart: `create_app` is the front door."""

import os
from collections.abc import Mapping
from pathlib import Path

from quart import Quart
from quart.helpers import get_root_path

from quart_auth_app.accounts.email_addresses import key as email_key
from quart_auth_app.blueprints.access_keys import access_keys
from quart_auth_app.blueprints.account import account
from quart_auth_app.blueprints.activity import activity
from quart_auth_app.blueprints.admin import admin
from quart_auth_app.blueprints.admin_site import admin_site
from quart_auth_app.blueprints.auth import auth
from quart_auth_app.blueprints.email_change import email_change
from quart_auth_app.blueprints.health import health
from quart_auth_app.blueprints.mailed_login import mailed_login
from quart_auth_app.blueprints.main import main
from quart_auth_app.blueprints.openapi import openapi
from quart_auth_app.blueprints.passkeys import passkeys
from quart_auth_app.blueprints.providers import providers
from quart_auth_app.blueprints.recovery import recovery
from quart_auth_app.blueprints.second_step import second_step
from quart_auth_app.blueprints.sessions import sessions
from quart_auth_app.database.migrations.sites_alembic import is_the_sites
from quart_auth_app.instance import SettingsError
from quart_auth_app.models import Base, User
from quart_auth_app.models.own_fields import form_field
from quart_auth_app.serving import lifespan, refused_start
from quart_auth_app.settings import Settings, is_ours
from quart_auth_app.web import (
    compiled_languages,
    context_processors,
    coroutine_functions,
    error_pages,
    language,
    own_files,
    pages,
    signals,
    urls,
    yielding,
)
from quart_auth_app.web.api import answers
from quart_auth_app.web.api.reading import BilingualParser
from quart_auth_app.web.edge import middleware as edge
from quart_auth_app.web.edge import own_host, same_origin, to_the_end
from quart_auth_app.web.forms import cookie_check, flashes, parsing, waiting
from quart_auth_app.web.identity import auth_manager, open_sockets
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import log_in
from quart_auth_app.web.identity.log_out import log_out
from quart_auth_app.web.identity.roles import role_required
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.language import translated
from quart_auth_app.web.services import EXTENSION, Services, reading, transaction
from quart_auth_app.web.services_from_settings import services_from
from quart_auth_app.web.telemetry import logs

__all__ = [
    "Accounts",
    "Base",
    "SettingsError",
    "User",
    "create_app",
    "current_user",
    "email_key",
    "form_field",
    "is_the_sites",
    "log_in",
    "log_out",
    "reading",
    "role_required",
    "signals",
    "sudo_required",
    "transaction",
    "translated",
]

PAGES = (
    main,
    auth,
    second_step,
    passkeys,
    mailed_login,
    providers,
    account,
    access_keys,
    email_change,
    sessions,
    activity,
    recovery,
    admin,
    admin_site,
)
"""The blueprints with pages for people. Every application gets them; only one made by `create_app` also gets `health`
and `openapi`."""


def create_app(config: Mapping[str, object] | None = None, *, import_name: str | None = None) -> Quart:
    """Return the application. `config` may hold any setting of README.md, and overrides the environment.

    All other keys, Quart's and the site's own, go to `app.config`; a key that looks like a misspelt setting is refused.
    `import_name`, usually `__name__`, is Quart's: the site's `templates/` and `static/` lie beside that module,
    and replace ours file by file. Raises SettingsError, a ValueError; a server prints its message and exits.
    """
    config = config or {}
    with refused_start.told_in_a_sentence():
        settings = Settings.read(config, os.environ)
        services = services_from(settings, sites_root=Path(get_root_path(import_name)) if import_name else None)
    # Without a site there is no folder of templates but ours, which own_files adds.
    app = Quart(import_name) if import_name else Quart(__name__, template_folder=None)
    _assemble(app, settings, services, {name: value for name, value in config.items() if not is_ours(name)})
    return app


def _assemble(app: Quart, settings: Settings, services: Services, sites_own: Mapping[str, object]) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        BODY_TIMEOUT=parsing.BODY_TIMEOUT,
    )
    app.config.update(sites_own)
    app.extensions[EXTENSION] = services
    coroutine_functions.init_app(app)
    context_processors.leave_out_flasks(app)
    urls.init_app(app, settings)
    logs.init_app(app)
    edge.init_app(app, services)
    own_host.init_app(app)
    same_origin.init_app(app)
    parsing.init_app(app)
    flashes.init_app(app, settings)
    auth_manager.init_app(app, settings)
    open_sockets.init_app(app)
    own_files.init_app(app)
    language.init_app(app)
    compiled_languages.init_app(app)
    pages.init_app(app, settings)
    error_pages.init_app(app)
    lifespan.init_app(app, services)
    for blueprint in (*PAGES, health, openapi):
        app.register_blueprint(blueprint)
    ours = set(app.blueprints)
    parsing.limit(app, blueprints=ours, parser=BilingualParser)
    to_the_end.init_app(app, blueprints=ours)
    cookie_check.init_app(app, blueprints=ours)
    waiting.init_app(app, blueprints=ours)
    answers.init_app(app, blueprints=ours)
    yielding.give_way(app, blueprints=ours)


class Accounts:
    """Accounts for an existing application: `Accounts(app)`, or `Accounts().init_app(app)` once it is configured.

    Our pages are added, below `url_prefix` if one is given. The application's own pages, error pages, headers, session
    and limits stay as they are. Settings are read from `app.config`, then from the environment. The application's
    blueprints must have other names than ours: `main`, `auth`, `second_step`, `passkeys`, `mailed_login`, `providers`,
    `account`, `access_keys`, `email_change`, `sessions`, `activity`, `recovery`, `admin`,
    `admin_site`.
    """

    def __init__(self, app: Quart | None = None, *, url_prefix: str | None = None) -> None:
        self._url_prefix = url_prefix
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Quart) -> None:
        """Add our pages to the application. Raises SettingsError; a server prints its message and exits."""
        with refused_start.told_in_a_sentence():
            if app.url_map.host_matching:
                raise SettingsError(
                    "this application is a Quart(host_matching=True), where each route names its host; ours name none"
                )
            auth_manager.insist_on_room(app.extensions.get("QUART_AUTH", []))
            settings = Settings.read(app.config, os.environ)
            ours = {blueprint.name for blueprint in PAGES}
            services = services_from(settings, own_pages=frozenset(ours))
        if not app.config["SECRET_KEY"]:
            app.config.update(SECRET_KEY=settings.secret_key, SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks))
        app.extensions[EXTENSION] = services
        logs.join()
        edge.join(app, services, blueprints=ours)
        own_host.join(app, blueprints=ours)
        same_origin.join(app, blueprints=ours, cookie=cookie_name("log-in", settings))
        auth_manager.init_app(app, settings)
        open_sockets.init_app(app)
        own_files.join(app)
        urls.join_routes(app, settings)
        language.init_app(app)
        compiled_languages.init_app(app)
        pages.init_app(app, settings)
        processors = app.template_context_processors[None]
        processors.insert(0, processors.pop())  # first, so that the values of the application's own processors win
        error_pages.join(app)
        lifespan.init_app(app, services, is_guest=True)
        for blueprint in PAGES:
            app.register_blueprint(blueprint, url_prefix=self._url_prefix)
        parsing.limit(app, blueprints=ours, parser=BilingualParser)
        to_the_end.init_app(app, blueprints=ours)
        cookie_check.init_app(app, blueprints=ours)
        waiting.init_app(app, blueprints=ours)
        answers.init_app(app, blueprints=ours)
        context_processors.leave_out_of(app, ours)
        yielding.give_way(app, blueprints=ours)
