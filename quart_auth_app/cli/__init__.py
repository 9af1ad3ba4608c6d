"""The operator's commands. Each reads the settings, makes one call into `accounts`, and prints."""

import atexit
import gc
import os

import click

from quart_auth_app.cli import running
from quart_auth_app.cli.completion import completion
from quart_auth_app.cli.database import db
from quart_auth_app.cli.doctor import doctor
from quart_auth_app.cli.mail import mail
from quart_auth_app.cli.new import new
from quart_auth_app.cli.overview import overview
from quart_auth_app.cli.prune import prune
from quart_auth_app.cli.refusals import Refusing
from quart_auth_app.cli.secrets import secrets
from quart_auth_app.cli.serve import serve
from quart_auth_app.cli.sessions import session
from quart_auth_app.cli.users import user


@click.group(cls=Refusing)
@click.version_option(package_name="quart-auth-app", message="%(package)s %(version)s")
@click.option("--app", envvar="QUART_APP", help="A site's own application, as for `quart --app`: shop:create_shop().")
@click.pass_context
def main(context: click.Context, app: str | None) -> None:
    """Look after the accounts. Takes the same settings from the environment as the application.

    With --app the settings are those of that application, its own migrations are known, and the database is made where
    it is missing.
    """
    context.meta[running.APP] = app
    # Settings are made of it by the command that needs them: --help works without, and doctor has to say what is wrong.
    context.obj = os.environ


# At its end Python collects garbage among everything that is loaded, which takes a fifth of a command's time, in vain.
atexit.register(gc.freeze)

for command in (serve, db, user, overview, session, mail, secrets, prune, doctor, new, completion):
    main.add_command(command)
