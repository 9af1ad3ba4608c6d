"""How a command runs: settings, database, the event loop, and what happens when it is refused."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
from sqlalchemy.exc import DBAPIError

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import Database, DatabaseAway, SchemaOutdated
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import Settings
from quart_auth_app.web.sentences import sentence

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


def settings() -> Settings:
    """Read the settings. Raises SettingsError."""
    read: Callable[[], Settings] = click.get_current_context().obj
    return read()


def operation(work: Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make an ordinary function of a coroutine function, and give it the database for as long as it runs.

    People are asked for passwords and confirmations between operations: they take their time, during which nothing may
    be locked, and Ctrl+C works at a prompt only while no event loop catches it.
    """

    @wraps(work)
    def run(*arguments: P.args, **options: P.kwargs) -> T:
        return asyncio.run(_within(work, *arguments, **options))

    return run


async def _within(
    work: Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]], *arguments: P.args, **options: P.kwargs
) -> T:
    given = settings()
    keys = Keys(given.secret_key, given.secret_key_fallbacks)
    here = Installation(given, Database(given.database_url), Passwords(workers=given.workers), keys)
    try:
        return await work(here, *arguments, **options)
    except BrokenPipeError:  # who reads what we print has had enough, which click knows
        raise
    except DBAPIError as error:
        # Mostly rights or a database that is missing: to the operator a sentence of PostgreSQL's says more than ours.
        raise DatabaseAway(str(error.orig)) from error
    except OSError as error:
        raise DatabaseAway(str(error) or "no answer in time") from error
    finally:
        await here.database.close()
