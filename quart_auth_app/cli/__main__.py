"""`python -m quart_auth_app.cli` is the command `quart-auth-app`."""

from quart_auth_app.cli import main

main(prog_name="quart-auth-app")
