"""A refused start: an exception for code that calls us, and one sentence if a server does.

Servers print a traceback for an exception, but only the text for a SystemExit; the exit code is then 1.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from quart_auth_app.instance import SettingsError
from quart_auth_app.serving.hypercorn_fixes import exit_code_zero_of_command

SERVERS = ("hypercorn", "quart.cli", "uvicorn", "granian", "gunicorn", "daphne", "flask.cli")
"""Modules of servers, which load or start an application."""


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Turn a SettingsError into a SystemExit with its message if a server called; otherwise leave it."""
    exit_code_zero_of_command.begin()
    try:
        yield
    except SettingsError as error:
        if _a_server_called():
            raise exit_with(str(error)) from None
        raise


def exit_with(sentence: str) -> SystemExit:
    """Return a SystemExit that prints only the sentence; of several workers only the first one prints it."""
    with suppress(RuntimeError):  # there may be no event loop
        # At the exit the event loop would print tracebacks of unfinished tasks.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    return SystemExit(1 if exit_code_zero_of_command.is_said_already() else sentence)


def _a_server_called() -> bool:
    # Servers call `create_app`, or import a module that does; only the stack shows that.
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]  # None ends the loop
        name = str(frame.f_globals.get("__name__"))
        if any(name == server or name.startswith(f"{server}.") for server in SERVERS):
            return True
    return False
