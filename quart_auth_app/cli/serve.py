"""`quart-auth-app serve`: hypercorn with our limits, and with fixes for its master process."""

from pathlib import Path

import click
import hypercorn.__main__

from quart_auth_app.cli import running
from quart_auth_app.serving import configuration, named_application
from quart_auth_app.serving.hypercorn_fixes import broken_logging_traceback, busy_port_traceback, exit_code_zero

PACKAGE = Path(__file__).parents[1]

# In a wheel it is inside the package, in a checkout beside it.
CONFIG = next(file for file in (PACKAGE / "hypercorn.toml", PACKAGE.parent / "hypercorn.toml") if file.is_file())
OURS = "quart_auth_app:create_app()"


@click.command()
@click.option("--bind", help="host:port, unix:path or fd://number, in place of the configuration's.")
@click.option(
    "--workers", type=click.IntRange(min=1), help="How many processes serve, in place of the configuration's."
)
@click.option("--master", is_flag=True, help="Start a master for one worker too; on SIGHUP it starts its workers anew.")
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False), default=str(CONFIG), help="Your own hypercorn.toml."
)
@click.argument("application", required=False)
@click.pass_context
def serve(
    context: click.Context, bind: str | None, workers: int | None, master: bool, config: str, application: str | None
) -> None:
    """Serve the site, or APPLICATION (module:name), under hypercorn with the limits that docs/security.md lists."""
    try:
        values = configuration.read(config)
    except configuration.WrongConfiguration as error:
        raise click.ClickException(str(error)) from None
    exit_code_zero.fix()
    busy_port_traceback.fix()
    broken_logging_traceback.fix()
    workers = workers or values.get("workers", 1)
    master = master or workers > 1 or values.get("use_reloader", False)  # hypercorn's reloader is its master
    # hypercorn's --workers counts child processes; with 0 the started process itself serves.
    options = ["--config", config, "--workers", str(workers or 1) if master else "0"]
    options += ["--bind", bind] if bind else []
    named = application or context.meta.get(running.APP) or OURS
    context.exit(hypercorn.__main__.main([*options, named_application.for_hypercorn(named)]))
