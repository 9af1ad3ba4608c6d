"""Refusals of commands: one line on standard error, and an exit code."""

import sys
from typing import Any

import click

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.cli.output import escape_what_cannot_be_shown
from quart_auth_app.database.schema import SchemaOutdated
from quart_auth_app.database.units_of_work import DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.web.sentences import sentence


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
    """Return the sentence for a database that can't be used."""
    return str(error) if isinstance(error, SchemaOutdated) else f"The database can't be used now: {error}"
