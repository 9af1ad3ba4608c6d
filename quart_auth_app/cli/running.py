"""How a command runs: settings, database, the event loop, and what happens when it is refused.

Each command is one of three kinds. `reading` asks only, and leaves every file as it is. `operation` changes something
and is noted in the security log. `founding` does so too, and makes the database and the secret key where they are
missing: all others would make an empty one in whatever folder somebody happens to be in.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import click
from quart import Quart
from sqlalchemy.exc import DBAPIError

from quart_auth_app.accounts import outbox, ways_in
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.cli import acts
from quart_auth_app.cli.output import escape_what_cannot_be_shown
from quart_auth_app.database.units_of_work import Database, DatabaseAway, SchemaOutdated
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import Settings
from quart_auth_app.web.sentences import sentence
from quart_auth_app.web.services import EXTENSION, services_of

APP = "quart_auth_app.app"
"""Where click's context keeps what --app names: first the name, then the application."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Installation:
    """What a command works on."""

    settings: Settings
    database: Database
    passwords: Passwords
    keys: Keys


class Refusing(click.Group):
    """A group of commands whose refusals are one line on standard error and exit code 1, as click's own are."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        escape_what_cannot_be_shown()
        try:
            return self._invoke(ctx)
        except click.ClickException as error:
            error.show(file=sys.stderr)  # named, as click itself writes UTF-8 to outputs that are set to ASCII
            ctx.exit(error.exit_code)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AccountError as error:
            raise click.ClickException(sentence(error)) from None
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
        except DatabaseAway as error:
            raise click.ClickException(away(error)) from None
        except UnicodeError:
            raise click.ClickException("What was typed is not text.") from None


def away(error: DatabaseAway) -> str:
    """Return the sentence for a database that doesn't do what it is asked."""
    return str(error) if isinstance(error, SchemaOutdated) else f"The database can't be used now: {error}"


def sites_app() -> Quart | None:
    """Return the application that --app names, loaded once, or None. Raises click.ClickException."""
    context = click.get_current_context()
    named = context.meta.get(APP)
    if isinstance(named, str):
        from quart.cli import ScriptInfo  # takes a while to load

        named = context.meta[APP] = ScriptInfo(named, set_debug_flag=False).load_app()
        if EXTENSION not in named.extensions:
            raise click.ClickException("This application has no accounts.")
    return named


def settings(*, create: bool = False) -> Settings:
    """Read the settings; with `create` a secret key that is missing is made. Raises SettingsError."""
    if app := sites_app():
        return services_of(app).settings
    environment: Mapping[str, str] = click.get_current_context().obj
    return Settings.read({}, environment, create=create)


class Runner(Protocol):
    """Makes an ordinary function of a coroutine function, and gives it the database for as long as it runs.

    People are asked for passwords and confirmations between operations: they take their time, during which nothing may
    be locked, and Ctrl+C works at a prompt only while no event loop catches it.
    """

    def __call__(self, work: Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]]) -> Callable[P, T]:
        """Return the function."""


def _runner(*, changes: bool, create: bool) -> Runner:
    def runner(work: Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]]) -> Callable[P, T]:
        @wraps(work)
        def run(*arguments: P.args, **options: P.kwargs) -> T:
            result = asyncio.run(_within(changes, create, work, *arguments, **options))
            if changes:
                acts.note(result, *arguments, *options.values())
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
    own = services_of(app).database.sites_migrations if app else None
    info = outbox.info(given.sender) | ways_in.info([each.issuer for each in given.providers])
    database = Database(given.database_url, create=create, info=info, sites_migrations=own)
    if changes:  # now that the database is known to be there: nothing may be encrypted with a key that isn't kept
        given = settings(create=True)
    keys = Keys(given.secret_key, given.secret_key_fallbacks)
    passwords = Passwords(workers=given.workers, flask_security_salt=given.flask_security_password_salt)
    here = Installation(given, database, passwords, keys)
    try:
        return await work(here, *arguments, **options)
    except DBAPIError as error:
        # Mostly rights or a database that is missing: to the operator a sentence of PostgreSQL's says more than ours.
        raise DatabaseAway(str(error.orig)) from error
    except OSError as error:
        raise DatabaseAway(str(error) or "no answer in time") from error
    finally:
        await here.database.close()
