"""`quart-auth-app secrets`: what is encrypted with SECRET_KEY."""

import click

from quart_auth_app.cli.output import as_json, show_one
from quart_auth_app.cli.progress import progress
from quart_auth_app.cli.running import Installation, operation
from quart_auth_app.operations.secrets import rotate as rotate_all


@click.group()
def secrets() -> None:
    """What is encrypted with SECRET_KEY: the seeds of authenticator apps."""


@secrets.command()
@as_json
def rotate(as_json: bool) -> None:
    """Encrypt everything anew with SECRET_KEY. Then no key of SECRET_KEY_FALLBACKS is needed for it any more."""
    show_one(_rotate(), as_json=as_json)


@operation
async def _rotate(here: Installation) -> dict[str, object]:
    with progress("Users with an authenticator app") as tell:
        result = await rotate_all(here.database.transaction, here.keys, tell=tell)
    return {"encrypted_anew": result.done, "unreadable": result.unreadable}
