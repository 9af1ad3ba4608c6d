"""Runs commands: settings, database, and the event loop.

Each command is one of three kinds. `reading` only reads, and changes no file. `operation` changes something, and is
written to the security log. `founding` does too, and creates a missing database and secret key: if others did, they
would create an empty database in any folder that somebody is in.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import click
from quart import Quart
from sqlalchemy.exc import DBAPIError

from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.cli import acts
from quart_auth_app.database.units_of_work import Database, DatabaseAway
from quart_auth_app.serving import named_application
from quart_auth_app.settings import Settings
from quart_auth_app.web.services import EXTENSION, services_of

APP = "quart_auth_app.app"
"""The key in click's `meta` for --app: first its text, then the loaded application."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Installation:
    """The objects that a command works with."""

    settings: Settings
    database: Database
    passwords: Passwords
    keys: Keys


class WrongName(click.ClickException):
    """--app names no application."""

    exit_code = named_application.WRONG_NAME


def sites_app() -> Quart | None:
    """Return the application that --app names, loaded once, or None. Raises click.ClickException."""
    context = click.get_current_context()
    named = context.meta.get(APP)
    if isinstance(named, str):
        named = context.meta[APP] = _load(named)
        if EXTENSION not in named.extensions:
            raise click.ClickException("This application has no accounts.")
    return named


def _load(named: str) -> Quart:
    from quart.cli import NoAppException, ScriptInfo  # slow to load

    try:
        return ScriptInfo(named, set_debug_flag=False).load_app()
    except NoAppException as error:  # click would print the command's usage, which isn't what is wrong
        cause = error.__context__
        if isinstance(cause, ImportError) and not named_application.is_of_the_site(cause):
            raise WrongName(named_application.sentence(named, cause)) from None
        raise WrongName(str(error)) from None


def settings(*, create: bool = False) -> Settings:
    """Read the settings; with `create`, store a secret key if it is missing. Raises SettingsError."""
    if app := sites_app():
        return services_of(app).settings
    environment: Mapping[str, str] = click.get_current_context().obj
    return Settings.read({}, environment, create=create)


class Runner(Protocol):
    """Turns a coroutine function into an ordinary one, and opens the database while it runs.

    Prompts for passwords and confirmations come between operations: people take their time, and nothing may be locked
    meanwhile. Also, Ctrl+C works at a prompt only if no event loop is running.
    """

    def __call__(self, work: Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]]) -> Callable[P, T]:
        """Return the function."""


def _runner(*, changes: bool, create: bool) -> Runner:
    def runner(work: Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]]) -> Callable[P, T]:
        @wraps(work)
        def run(*arguments: P.args, **options: P.kwargs) -> T:
            result = asyncio.run(_within(changes, create, work, *arguments, **options))
            if changes:
                acts.log(result, *arguments, *options.values())
            return result

        return run

    return runner


reading = _runner(changes=False, create=False)
operation = _runner(changes=True, create=False)
founding = _runner(changes=True, create=True)


async def _within(
    changes: bool,
    create: bool,
    work: Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]],
    *arguments: P.args,
    **options: P.kwargs,
) -> T:
    given = settings(create=create)
    app = sites_app()
    own = services_of(app).database.schema.sites_migrations if app else None
    info = outbox.info(given.sender) | ways_in.info([each.issuer for each in given.providers])
    database = Database(given.database_url, create=create, info=info, sites_migrations=own)
    if changes:  # only now that the database exists: nothing may be encrypted with a key that isn't stored
        given = settings(create=True)
    keys = Keys(given.secret_key, given.secret_key_fallbacks)
    passwords = Passwords(workers=given.workers, flask_security_salt=given.flask_security_password_salt)
    here = Installation(given, database, passwords, keys)
    try:
        return await work(here, *arguments, **options)
    except DBAPIError as error:
        # Mostly missing rights or a missing database: PostgreSQL's own message tells an operator more than ours.
        raise DatabaseAway(str(error.orig)) from error
    except OSError as error:
        raise DatabaseAway(str(error) or "no answer in time") from error
    finally:
        await here.database.close()
