"""JSON objects of the account's own pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quart_auth_app.models import SecurityEvent, Session
from quart_auth_app.web.api.views.view import Context
from quart_auth_app.web.identity.current_user import current_user


@dataclass(frozen=True)
class Account:
    """Whoever is logged in."""

    id: int
    email: str
    name: str
    roles: list[str]
    created_at: datetime | None
    last_log_in_at: datetime | None
    verified_at: datetime | None
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
    user, wish = current_user, context.get("wish")
    return Account(
        id=user.id,
        email=user.email,
        name=user.name,
        roles=user.roles,
        created_at=user.created_at,
        last_log_in_at=user.last_log_in_at,
        verified_at=user.verified_at,
        delete_at=user.delete_at,
        has_password=context["has_password"],
        new_email=wish.new_email if wish else None,
    )


def one_session(session: Session, browser: str, *, this: int | None = None) -> OneSession:
    """Return the JSON object of a session."""
    return OneSession(
        id=session.id,
        browser=browser,
        address=session.address,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        remember=session.remember,
        methods=session.methods.split(),
        is_this=session.id == this,
    )


def event(event: SecurityEvent, titles: Mapping[int, str]) -> Event:
    """Return the JSON object of an event."""
    sentence = titles[event.id]
    return Event(event.id, event.at, event.kind, sentence, event.address, event.browser, event.details)


def sessions(context: Context) -> SessionList:
    """Return where somebody is logged in."""
    return SessionList([one_session(each, browser, this=context["this"]) for each, browser in context["sessions"]])


def activity(context: Context) -> Activity:
    """Return what has happened to the account."""
    return Activity([event(each, context["titles"]) for each in context["events"]], context["older"])
