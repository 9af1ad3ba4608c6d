"""The operator's commands. Each reads the settings, makes one call into `accounts`, and prints."""

import os

import click

from quart_auth_app.cli.database import db
from quart_auth_app.cli.doctor import doctor
from quart_auth_app.cli.prune import prune
from quart_auth_app.cli.running import Refusing
from quart_auth_app.cli.secrets import secrets
from quart_auth_app.cli.sessions import session
from quart_auth_app.cli.users import user


@click.group(cls=Refusing)
@click.version_option(package_name="quart-auth-app", message="%(package)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Look after the accounts. Takes the same settings from the environment as the application."""
    # Settings are made of it by the command that needs them: --help works without, and doctor has to say what is wrong.
    context.obj = os.environ


for command in (db, user, session, secrets, prune, doctor):
    main.add_command(command)
