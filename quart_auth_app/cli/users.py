"""`quart-auth-app user`: making accounts. `user_acts` has the acts on one, `user_reports` what shows them."""

import sys

import click

from quart_auth_app.accounts import users
from quart_auth_app.cli.output import as_json, show_one
from quart_auth_app.cli.running import Installation, founding, operation
from quart_auth_app.cli.user_acts import (
    delete,
    disable,
    enable,
    find,
    grant,
    reset_second_step,
    revoke_access_keys,
    send_reset,
    withdraw,
)
from quart_auth_app.cli.user_reports import access_keys_, activity_, list_, row, show_, user_argument
from quart_auth_app.models import User


@click.group()
def user() -> None:
    """The accounts. USER is a number or an e-mail address."""


for command in (
    *(list_, show_, activity_, access_keys_),
    *(disable, enable, delete, grant, withdraw, revoke_access_keys, send_reset, reset_second_step),
):
    user.add_command(command)


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="What the pages call the person.")
@as_json
def add(email: str, name: str, as_json: bool) -> None:
    """Create an account. Asks for the password, or reads it from the first line of standard input."""
    show_one(row(_create(email, name, _new_password())), as_json=as_json)


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="What the pages call the person.")
@as_json
def invite(email: str, name: str, as_json: bool) -> None:
    """Create an account, and mail a link to its owner, who chooses the password."""
    show_one(row(_invite(email, name)), as_json=as_json)


@user.command()
@user_argument
@as_json
def set_password(who: str, as_json: bool) -> None:
    """Give an account another password and revoke its sessions. Asks for it as `add` does."""
    found = find(who)
    _set_password(found, _new_password())
    show_one(row(found), as_json=as_json)


def _new_password() -> str:
    # Never an argument: those are seen in the list of processes and stay in the shell's history.
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.buffer.readline().decode().rstrip("\r\n")
    if "\0" in password:
        raise click.ClickException("The password contains a character that no form accepts.")
    return password


@founding
async def _create(here: Installation, email: str, name: str, password: str) -> User:
    transaction, site = here.database.transaction, here.settings.site
    return await users.create(transaction, here.passwords, email=email, name=name, password=password, site=site)


@operation
async def _invite(here: Installation, email: str, name: str) -> User:
    return await users.invite(here.database.transaction, here.passwords, email=email, name=name)


@operation
async def _set_password(here: Installation, found: User, password: str) -> None:
    transaction, site = here.database.transaction, here.settings.site
    await users.set_password(transaction, here.passwords, user=found, password=password, site=site)
