"""Removes Flask's context processor, which Quart's blueprints add.

Seen in 0.20 to 0.23; not reported. It adds nothing here, but it is not async, so each page would run it in a thread.
tests/web/test_context_processors.py fails when Quart's blueprints come without it.
"""

from collections.abc import Iterable

from quart import Quart, Request

from quart_auth_app.web.edge import hooks


def leave_out_flasks(app: Quart) -> None:
    """Remove it from all blueprints, including those that are registered later."""
    is_done = False

    async def leave_out(_asked: Request) -> None:
        nonlocal is_done
        if not is_done:  # Quart allows no registration after the first request
            is_done = True
            leave_out_of(app, app.blueprints)

    hooks.before_request(app, leave_out)


def leave_out_of(app: Quart, blueprints: Iterable[str]) -> None:
    """Remove it from these blueprints, which are registered already."""
    for name in blueprints:
        processors = app.template_context_processors[name]
        processors[:] = [each for each in processors if each.__module__ != "flask.templating"]
