"""An account system for Quart: `create_app` is the front door."""

import os
from collections.abc import Mapping
from pathlib import Path

from quart import Quart
from quart.helpers import get_root_path

from quart_auth_app.accounts.fields.email_addresses import key as email_key
from quart_auth_app.database.migrations.sites_alembic import is_the_sites
from quart_auth_app.instance import SettingsError
from quart_auth_app.models import Base, User
from quart_auth_app.models.own_fields import form_field
from quart_auth_app.serving import refused_start
from quart_auth_app.settings import Settings, is_ours
from quart_auth_app.web import signals
from quart_auth_app.web.identity import auth_manager
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import log_in
from quart_auth_app.web.identity.log_out import log_out
from quart_auth_app.web.identity.roles import role_required
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.language import translated
from quart_auth_app.web.services import reading, transaction
from quart_auth_app.web.services_from_settings import services_from
from quart_auth_app.wiring.alone import assemble
from quart_auth_app.wiring.joining import join
from quart_auth_app.wiring.pages import PAGES

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


def create_app(config: Mapping[str, object] | None = None, *, import_name: str | None = None) -> Quart:
    """Return the application. `config` may hold any setting of README.md, and overrides the environment.

    All other keys, Quart's and the site's own, go to `app.config`; a key that looks like a misspelt setting is refused.
    `import_name`, usually `__name__`, is Quart's: the site's `templates/` and `static/` lie beside that module,
    and replace ours file by file. Raises SettingsError, a ValueError; a server prints its message and exits.
    """
    config = config or {}
    with refused_start.told_in_a_sentence():
        settings = Settings.read(config, os.environ)
        services = services_from(settings, sites_root=_root(import_name))
    # Without a site there is no folder of templates but ours, which own_files adds.
    app = Quart(import_name) if import_name else Quart(__name__, template_folder=None)
    sites_own = {name: value for name, value in config.items() if not is_ours(name)}
    assemble(app, settings, services, sites_own=sites_own)
    return app


class Accounts:
    """Accounts for an existing application: `Accounts(app)`, or `Accounts().init_app(app)` once it is configured.

    Our pages are added, below `url_prefix` if one is given. The application's own pages, error pages, headers, session
    and limits stay as they are. Settings are read from `app.config`, then from the environment. The application's
    blueprints must have other names than ours: `main`, `auth`, `second_step`, `passkeys`, `mailed_login`, `providers`,
    `account`, `access_keys`, `email_change`, `sessions`, `activity`, `recovery`, `admin`,
    `admin_site`.

    `import_name`, usually `__name__`, is for a site that adds columns to the user, or texts and languages: its
    `migrations/` and `locales/` lie beside that module, as with `create_app`.
    """

    def __init__(
        self, app: Quart | None = None, *, url_prefix: str | None = None, import_name: str | None = None
    ) -> None:
        self._url_prefix = url_prefix
        self._root = _root(import_name)
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
            services = services_from(settings, sites_root=self._root, own_pages=frozenset(ours))
        join(app, settings, services, ours=ours, url_prefix=self._url_prefix)


def _root(import_name: str | None) -> Path | None:
    return Path(get_root_path(import_name)) if import_name else None
