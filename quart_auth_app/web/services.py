"""The objects of one application (settings, database, …), and how a request gets them."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quart import Quart, current_app
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.factors.challenges import Challenges
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.history.daily_counts import DailyCounts
from quart_auth_app.accounts.history.failed_log_ins import FailedLogIns
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.throttling.refusals import Refusals
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.languages import Languages
from quart_auth_app.mail.sending import Sender
from quart_auth_app.settings import Settings

if TYPE_CHECKING:
    from quart_auth_app.providers.client import Provider
    from quart_auth_app.web.telemetry.metrics import Metrics

EXTENSION = "quart_auth_app"


@dataclass(frozen=True)
class Services:
    """One application's objects, made by create_app and kept in `app.extensions`."""

    settings: Settings
    database: Database
    passwords: Passwords
    keys: Keys
    """The keys that encrypt seeds of authenticator apps."""
    challenges: Challenges
    """Makes and checks the challenges that passkeys sign."""
    languages: Languages
    """The languages of pages and mails."""
    metrics: "Metrics | None"
    """None if METRICS_BIND is not set; then prometheus_client is not imported."""
    providers: Mapping[str, "Provider"]
    """Providers by name. Empty if OIDC_PROVIDERS is not set; then httpx2 and joserfc are not imported."""
    sender: Sender | None = None
    """None if no mail is sent."""
    own_pages: frozenset[str] | None = None
    """In an existing application, the names of our blueprints; None if all pages are ours."""
    refusals: Refusals = field(default_factory=Refusals)
    failed_log_ins: FailedLogIns = field(default_factory=FailedLogIns)
    daily_counts: DailyCounts = field(default_factory=DailyCounts)


def services() -> Services:
    """Return the services of the application that handles this request."""
    return services_of(current_app)


def services_of(app: Quart) -> Services:
    """Return the services of an application."""
    found: Services = app.extensions[EXTENSION]
    return found


def transaction() -> AbstractAsyncContextManager[AsyncSession]:
    """Open a unit of work that is committed at its end, or rolled back if the block raises."""
    return services().database.transaction()


def reading() -> AbstractAsyncContextManager[AsyncSession]:
    """Open a unit of work that only reads."""
    return services().database.reading()


def passwords() -> Passwords:
    """Return the application's object that checks and hashes passwords."""
    return services().passwords
