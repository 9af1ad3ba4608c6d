"""Makes the application's services from its settings, when the application is made."""

from pathlib import Path
from typing import TYPE_CHECKING

from quart_auth_app.accounts import outbox, sessions
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.accounts.factors.challenges import Challenges
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.migrations import sites_history
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.instance import SettingsError
from quart_auth_app.languages import Languages, NoCatalogue
from quart_auth_app.mail import sending
from quart_auth_app.settings import Settings
from quart_auth_app.web.services import Services

if TYPE_CHECKING:
    from quart_auth_app.providers.client import Provider


def services_from(
    settings: Settings, *, sites_root: Path | None = None, own_pages: frozenset[str] | None = None
) -> Services:
    """Return the services that these settings ask for. Raises SettingsError.

    `sites_root` is the folder of the site's own files; `own_pages` names our blueprints in an application that has
    others too.
    """
    passwords = Passwords(workers=settings.workers, flask_security_salt=settings.flask_security_password_salt)
    metrics = None
    if settings.metrics_bind:
        from quart_auth_app.web.telemetry.metrics import Metrics  # imported only if used: it takes time and memory

        metrics = Metrics(passwords)
    keys = Keys(settings.secret_key, settings.secret_key_fallbacks)
    challenges = Challenges([settings.secret_key, *settings.secret_key_fallbacks], site=settings.base_url)
    own = sites_history.folder_in(sites_root) if sites_root else None
    info = (
        outbox.info(settings.sender)
        | sessions.info(settings.secret_key)
        | ways_in.info([each.issuer for each in settings.providers])
    )
    database = Database(settings.database_url, info=info, sites_migrations=own)
    try:
        languages = Languages(settings.languages, sites_own=sites_root and sites_root / "locales")
    except NoCatalogue as error:
        raise SettingsError(f"LANGUAGES is {error}") from None
    sender = sending.sender(settings, database, passwords, languages)
    providers = _providers(settings)
    return Services(settings, database, passwords, keys, challenges, languages, metrics, providers, sender, own_pages)


def _providers(settings: Settings) -> "dict[str, Provider]":
    if not settings.providers:
        return {}
    from quart_auth_app.providers.client import Provider  # imports httpx2 and joserfc, so only if used

    return {each.name: Provider(each) for each in settings.providers}
