"""The application that `quart-auth-app serve` names; hypercorn loads it by a call of `load`.

By itself, hypercorn prints a traceback in each worker for a name that isn't there, takes a NameError inside the
application for one, and serves None as if it were an application.
"""

import ast
import importlib
import inspect
import re
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn, cast

import click

from quart_auth_app.serving.hypercorn_fixes import exit_code_zero_of_command

WRONG_NAME = 2
"""The exit code, as for every mistyped command."""

NO_NAME = "it is neither a name nor a call with plain values"

_LOADERS = ("ast", "importlib", "quart.cli", __name__)


def for_hypercorn(named: str) -> str:
    """Return what hypercorn is told to serve for `module:name`, `path/to/file.py:name` or `asgi:module:name`."""
    # Two colons, as hypercorn counts: `asgi:app` is the name `app` in a module `asgi`.
    kind = re.match("(asgi|wsgi):(?=.*:)", named)
    prefix = kind[0] if kind else ""
    argument = repr(named.removeprefix(prefix)).replace(":", r"\x3a")  # hypercorn splits at each colon
    return f"{prefix}{__name__}:load({argument})"


def load(named: str) -> object:
    """Return the application. If there is none of this name, print a sentence and exit; its own errors pass."""
    exit_code_zero_of_command.begin()
    try:
        return _load(named)
    except NameError:  # hypercorn would say instead that there is no application
        traceback.print_exc()
        sys.exit(1)


def _load(named: str) -> object:
    module_name, _, name = named.partition(":")
    path = Path(module_name).resolve()
    sys.path.insert(0, str(path.parent))
    try:
        module = importlib.import_module(path.stem if path.is_file() else path.name)
        application = _named(name or "app", module)
    except _Wrong as error:
        _refuse(named, str(error))
    except (ImportError, TypeError, ValueError) as error:  # the latter two for the module `.` and its like
        if is_of_the_site(error):
            raise
        _refuse(named, str(error))
    if reason := _flaw(application):
        _refuse(named, reason)
    return application


class _Wrong(Exception):
    """The name leads to no object."""


def is_of_the_site(error: BaseException) -> bool:
    """Return whether an error was raised by code of the site, not because there is no such module or name."""
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(not f"{module}.".startswith(tuple(f"{each}." for each in _LOADERS)) for module in modules)


def _named(expression: str, module: object) -> object:
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body, module)
    except Exception as error:
        if is_of_the_site(error):
            raise
        raise _Wrong(error.msg if isinstance(error, SyntaxError) else str(error)) from None


def _value(node: ast.expr, module: object) -> object:
    """Return what a name such as `shop.app` means in the module, or call it: `create_shop("soup", year=2026)`."""
    match node:
        case ast.Name():
            return getattr(module, node.id)
        case ast.Attribute():
            return getattr(_value(node.value, module), node.attr)
        case ast.Call():
            options = {str(each.arg): _literal(each.value) for each in node.keywords}
            return cast(Any, _value(node.func, module))(*map(_literal, node.args), **options)
    raise _Wrong(NO_NAME)


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise _Wrong(NO_NAME) from None


def _flaw(found: object) -> str | None:
    """Return why hypercorn can't call this with the two arguments of WSGI or the three of ASGI, None if it can."""
    if not callable(found):
        return f"it is of type {type(found).__name__}, so no application"
    try:
        parameters = inspect.signature(found)
    except ValueError:  # written in C
        return None
    if any(_takes(parameters, count) for count in (2, 3)):
        return None
    return "it is no application; a function that makes one is called, with () behind its name"


def _takes(parameters: inspect.Signature, count: int) -> bool:
    try:
        parameters.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _refuse(named: str, reason: str) -> NoReturn:
    if not exit_code_zero_of_command.is_said_already():
        click.echo(f"Error: {sentence(named, reason)}", file=sys.stderr)
    sys.exit(WRONG_NAME)


def sentence(named: str, reason: object) -> str:
    """Return what an operator is told."""
    return f"Can't load the application {named!r}: {reason}."
