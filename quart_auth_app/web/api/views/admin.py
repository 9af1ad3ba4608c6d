"""JSON objects of the admin pages."""

from dataclasses import dataclass
from datetime import datetime

from quart_auth_app.web.api.views.account import AnyAccount, Event, OneSession, event, one_session
from quart_auth_app.web.api.views.factors import OneAccessKey
from quart_auth_app.web.api.views.view import Context, filled
from quart_auth_app.web.services import services


@dataclass(frozen=True)
class Person(AnyAccount):
    """A user, as admins see them."""

    disabled_at: datetime | None
    delete_at: datetime | None


@dataclass(frozen=True)
class People:
    """Up to 50 users. `next` is what to give as `after` for the next page."""

    users: list[Person]
    next: str | None


@dataclass(frozen=True)
class OnePerson:
    """A user, with sessions and the newest events."""

    user: Person
    has_password: bool
    has_second_step: bool
    passkeys: int
    access_keys: list[OneAccessKey]
    sessions: list[OneSession]
    events: list[Event]


@dataclass(frozen=True)
class OneDay:
    """What has happened in a day, in UTC: its date, and how often."""

    day: str
    sign_ups: int
    log_ins: int
    log_ins_failed: int
    refusals: int


@dataclass(frozen=True)
class Overview:
    """The last 30 days, oldest first."""

    days: list[OneDay]


@dataclass(frozen=True)
class Adding:
    """Whether a new person is invited by mail; otherwise `password` has to be sent, and what it has to have."""

    invites: bool
    min_password_length: int


@dataclass(frozen=True)
class OneMail:
    """A mail that waits, or was given up: then `failed` says why."""

    id: int
    kind: str
    to_address: str
    created_at: datetime
    due_at: datetime
    attempts: int
    failed: str | None


@dataclass(frozen=True)
class MailList:
    """Up to 50 mails, oldest first. `next` is what to give as `after` for the next page."""

    mails: list[OneMail]
    next: int | None


@dataclass(frozen=True)
class Faults:
    """What is wrong, a line for each fault, in English."""

    findings: list[str]


def overview(context: Context) -> Overview:
    """Return the last days."""
    days = context["days"]
    return Overview([filled(OneDay, each, day=each.day.isoformat()) for each in days])


def people(context: Context) -> People:
    """Return a page of users."""
    page = context["page"]
    return People([filled(Person, user) for user in page.users], page.next)


def one_person(context: Context) -> OnePerson:
    """Return a user, with sessions and the newest events."""
    return OnePerson(
        user=filled(Person, context["user"]),
        has_password=context["has_password"],
        has_second_step=context["state"].is_on,
        passkeys=context["passkeys"],
        access_keys=[filled(OneAccessKey, each) for each in context["access_keys"]],
        sessions=[one_session(each, browser) for each, browser in context["sessions"]],
        events=[event(each, context["titles"]) for each in context["events"]],
    )


def adding(context: Context) -> Adding:
    """Return what is asked of a new person."""
    return Adding(services().sender is not None, context["min_password_length"])


def mail(context: Context) -> MailList:
    """Return a page of mails."""
    return MailList([filled(OneMail, each) for each in context["mails"]], context["next"])


def findings(context: Context) -> Faults:
    """Return what was found."""
    return Faults(context["findings"])
