"""A start that is refused: an exception for whoever calls us, and one sentence where a server does.

Servers print a traceback for an exception, and no more than its text for a SystemExit, with exit code 1.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from quart_auth_app.instance import SettingsError
from quart_auth_app.serving.hypercorn_fixes import failed_workers

SERVERS = ("hypercorn", "quart.cli", "uvicorn", "granian", "gunicorn", "daphne", "flask.cli")
"""Modules that load an application, or start it, by themselves."""


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Turn a SettingsError into a SystemExit with its sentence if a server called; otherwise let it through."""
    failed_workers.begin()
    try:
        yield
    except SettingsError as error:
        if _a_server_called():
            raise exit_with(str(error)) from None
        raise


def exit_with(sentence: str) -> SystemExit:
    """Return a SystemExit that leaves nothing but its sentence behind; of several workers the first one says it."""
    with suppress(RuntimeError):  # there may be no event loop
        # The exit ends the loop, which would add the tracebacks of tasks that nobody waited for.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    return SystemExit(1 if failed_workers.is_said_already() else sentence)


def _a_server_called() -> bool:
    # Servers call `create_app` or import the module that does, and nothing tells us which one it is but the stack.
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]  # None ends the loop
        name = str(frame.f_globals.get("__name__"))
        if any(name == server or name.startswith(f"{server}.") for server in SERVERS):
            return True
    return False
