"""`quart-auth-app completion`: what a shell needs to complete our commands and options at the press of Tab."""

import click
from click.shell_completion import get_completion_class

from quart_auth_app.cli.output import say

NAME = "quart-auth-app"

ASKED_BY = "_QUART_AUTH_APP_COMPLETE"
"""The variable by which the shell asks; click's own name for it."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete our commands and options; docs/commands.md says where to put it."""
    found = get_completion_class(shell)
    assert found  # noqa: S101  # click has all three
    say(found(click.get_current_context().find_root().command, {}, NAME, ASKED_BY).source())
