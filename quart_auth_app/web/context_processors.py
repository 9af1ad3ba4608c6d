"""Quart's blueprints bring along Flask's own context processor.

Seen in 0.20 to 0.23; not reported. It finds nothing to say here, but is not async, so that each page would cross into a
thread and back for it. tests/web/test_context_processors.py fails when Quart's blueprints come without it.
"""

from collections.abc import Iterable

from quart import Quart


def leave_out_flasks(app: Quart) -> None:
    """Leave it out of all blueprints, those that are registered later among them."""
    is_done = False

    @app.before_request
    async def leave_out() -> None:
        nonlocal is_done
        if not is_done:  # nothing is registered after the first request
            is_done = True
            leave_out_of(app, app.blueprints)


def leave_out_of(app: Quart, blueprints: Iterable[str]) -> None:
    """Leave it out of these blueprints, which are registered already."""
    for name in blueprints:
        processors = app.template_context_processors[name]
        processors[:] = [each for each in processors if each.__module__ != "flask.templating"]
