"""JSON objects of the account's own pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quart_auth_app.models import SecurityEvent, Session
from quart_auth_app.web.api.views.view import Context, filled
from quart_auth_app.web.identity.current_user import current_user


@dataclass(frozen=True)
class AnyAccount:
    """What the owner of an account and admins see of it."""

    id: int
    email: str
    name: str
    roles: list[str]
    created_at: datetime | None
    last_log_in_at: datetime | None
    verified_at: datetime | None


@dataclass(frozen=True)
class Account(AnyAccount):
    """Whoever is logged in."""

    delete_at: datetime | None
    has_password: bool
    new_email: str | None
    """An address that waits to be confirmed."""


@dataclass(frozen=True)
class OneSession:
    """A log-in that counts."""

    id: int
    browser: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    remember: bool
    methods: list[str]
    is_this: bool


@dataclass(frozen=True)
class SessionList:
    """Where somebody is logged in."""

    sessions: list[OneSession]


@dataclass(frozen=True)
class Event:
    """One thing that has happened to the account."""

    id: int
    at: datetime
    kind: str
    sentence: str
    address: str
    browser: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Activity:
    """What has happened to the account, newest first. `older` is what to give as `before` for the next page."""

    events: list[Event]
    older: int | None


def account(context: Context) -> Account:
    """Return whoever is logged in."""
    wish = context.get("wish")
    new_email = wish.new_email if wish else None
    return filled(Account, current_user, has_password=context["has_password"], new_email=new_email)


def one_session(session: Session, browser: str, *, this: int | None = None) -> OneSession:
    """Return the JSON object of a session."""
    is_this = session.id == this
    return filled(OneSession, session, browser=browser, methods=session.methods.split(), is_this=is_this)


def event(event: SecurityEvent, titles: Mapping[int, str]) -> Event:
    """Return the JSON object of an event."""
    return filled(Event, event, sentence=titles[event.id])


def sessions(context: Context) -> SessionList:
    """Return where somebody is logged in."""
    return SessionList([one_session(each, browser, this=context["this"]) for each, browser in context["sessions"]])


def activity(context: Context) -> Activity:
    """Return what has happened to the account."""
    return Activity([event(each, context["titles"]) for each in context["events"]], context["older"])
