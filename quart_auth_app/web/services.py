"""What belongs to one application, and how a request reaches it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quart import Quart, current_app
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.daily_counts import DailyCounts
from quart_auth_app.accounts.factors.challenges import Challenges
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.failed_log_ins import FailedLogIns
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.refusals import Refusals
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
    """Made by create_app, kept in `app.extensions`."""

    settings: Settings
    database: Database
    passwords: Passwords
    keys: Keys
    """What seeds of authenticator apps are encrypted with."""
    challenges: Challenges
    """What passkeys are asked to sign."""
    languages: Languages
    """What people may read the pages and mails in."""
    metrics: "Metrics | None"
    """None where METRICS_BIND is not set; then prometheus_client is not even loaded."""
    providers: Mapping[str, "Provider"]
    """By name. Empty where OIDC_PROVIDERS is not set; then httpx2 and joserfc are not even loaded."""
    sender: Sender | None = None
    """None where no mail is sent."""
    own_pages: frozenset[str] | None = None
    """In an application that exists, the names of our blueprints; None where all pages are ours."""
    refusals: Refusals = field(default_factory=Refusals)
    failed_log_ins: FailedLogIns = field(default_factory=FailedLogIns)
    daily_counts: DailyCounts = field(default_factory=DailyCounts)


def services() -> Services:
    """Return what belongs to the application that answers this request."""
    return services_of(current_app)


def services_of(app: Quart) -> Services:
    """Return what belongs to the application."""
    found: Services = app.extensions[EXTENSION]
    return found


def transaction() -> AbstractAsyncContextManager[AsyncSession]:
    """Open a unit of work that is committed at its end, or undone if an error comes out of it."""
    return services().database.transaction()


def reading() -> AbstractAsyncContextManager[AsyncSession]:
    """Open a unit of work that only reads."""
    return services().database.reading()


def passwords() -> Passwords:
    """Return what the application works on passwords with."""
    return services().passwords
