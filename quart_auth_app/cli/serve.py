"""`quart-auth-app serve`: hypercorn with our limits, and with fixes for its master process."""

from pathlib import Path

import click
import hypercorn.__main__
from hypercorn.config import Config
from hypercorn.utils import NoAppError

from quart_auth_app.serving.hypercorn_fixes import busy_port_traceback, exit_code_zero

PACKAGE = Path(__file__).parents[1]

# In a wheel it is inside the package, in a checkout beside it.
CONFIG = next(file for file in (PACKAGE / "hypercorn.toml", PACKAGE.parent / "hypercorn.toml") if file.is_file())


@click.command()
@click.option("--bind", help="host:port, unix:path or fd://number, in place of the configuration's.")
@click.option("--workers", type=click.IntRange(min=1), default=1, help="How many processes serve; one unless given.")
@click.option("--master", is_flag=True, help="Start a master for one worker too; on SIGHUP it starts its workers anew.")
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False), default=str(CONFIG), help="Your own hypercorn.toml."
)
@click.argument("application", default="quart_auth_app:create_app()")
@click.pass_context
def serve(context: click.Context, bind: str | None, workers: int, master: bool, config: str, application: str) -> None:
    """Serve the site, or APPLICATION (module:name), under hypercorn with the limits that docs/security.md lists."""
    _check(config)
    exit_code_zero.fix()
    busy_port_traceback.fix()
    # hypercorn's --workers counts child processes; with 0 the started process itself serves.
    options = ["--config", config, "--workers", str(workers if master or workers > 1 else 0)]
    options += ["--bind", bind] if bind else []
    try:
        context.exit(hypercorn.__main__.main([*options, application]))
    except NoAppError as error:
        raise click.ClickException(str(error)) from None


def _check(file: str) -> None:
    """Raise ClickException if the configuration can't be read, or the certificate that it names can't be used."""
    try:
        config = Config.from_toml(file)
    except ValueError as error:
        raise click.ClickException(f"{file} is no TOML in UTF-8: {error}") from None
    try:
        config.create_ssl_context()
    except OSError as error:  # ssl's errors, too; they name no file
        reason = error.strerror or error
        raise click.ClickException(f"{file}: certfile, keyfile or ca_certs can't be used: {reason}") from None
