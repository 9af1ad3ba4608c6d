"""A configuration file of hypercorn's, checked: hypercorn skips keys that it doesn't know, and fails late at values."""

import inspect
import logging
import tomllib
from enum import IntEnum, IntFlag
from importlib.util import find_spec
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypercorn.config import Config

Values = dict[str, Any]

WORKER_CLASSES = ("asyncio", "uvloop", "trio")
OPENED = {"certfile": "rb", "keyfile": "rb", "ca_certs": "rb", "accesslog": "ab", "errorlog": "ab", "pid_path": "ab"}
"""Keys that name a file, and how hypercorn opens it."""

NO_FILE = ("", "-")
TLS = "certfile, keyfile, ca_certs, ciphers, verify_mode or verify_flags"
WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", dict: "a table"}


class WrongConfiguration(ValueError):
    """The message is one sentence that names file and key. It leaves out the value, which may be a password."""


def read(file: str) -> Values:
    """Return what the file sets. Raises WrongConfiguration."""
    try:
        values = tomllib.loads(Path(file).read_bytes().decode())
    except ValueError as error:
        raise WrongConfiguration(f"{file} is no TOML in UTF-8: {error}") from None
    for key, value in values.items():
        if reason := _flaw(key, value):
            raise WrongConfiguration(f"{file}: {key} {reason}")
    if reason := _flaw_of_tls(values):
        raise WrongConfiguration(f"{file}: {reason}")
    return values


def _flaw(key: str, value: object) -> str | None:
    kind = _kind(key)
    if kind is None:
        return "is no setting of hypercorn's"
    if not _fits(value, kind):
        return f"must be {_words(kind)}"
    if isinstance(value, int | float) and not value >= 0:  # so for NaN
        return "must not be negative"
    if key == "worker_class" and (value not in WORKER_CLASSES or not find_spec(str(value))):
        return f"must be one of {', '.join(each for each in WORKER_CLASSES if find_spec(each))}"
    if key == "loglevel" and not isinstance(logging.getLevelName(str(value).upper()), int):
        return "must be one of debug, info, warning, error, critical"
    return _flaw_of_file(key, str(value)) if key in OPENED else None


def _kind(key: str) -> Any:
    """Return the type of a setting of hypercorn's, None if it has none of this name that a file can set."""
    found = None if key.startswith("_") else inspect.getattr_static(Config, key, None)
    if isinstance(found, property):
        return get_type_hints(found.fset)["value"] if found.fset else None
    if isinstance(found, list):
        return list[str]
    if hint := get_type_hints(Config).get(key):
        return float if key == "read_timeout" else hint  # not only whole seconds work
    return type(found) if type(found) in WORDS else None


def _fits(value: object, kind: Any) -> bool:
    if get_origin(kind) is UnionType:
        return any(_fits(value, each) for each in get_args(kind))
    if get_origin(kind) is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if issubclass(kind, IntEnum | IntFlag):
        return isinstance(value, int)
    return isinstance(value, int | float if kind is float else kind)


def _words(kind: Any) -> str:
    """Return how TOML can say a value of this type."""
    if get_origin(kind) is UnionType:
        return " or ".join(filter(None, map(_words, get_args(kind))))
    if get_origin(kind) is list:
        return "a list of texts"
    return WORDS[int] if issubclass(kind, IntEnum | IntFlag) else WORDS.get(kind, "")


def _flaw_of_file(key: str, path: str) -> str | None:
    try:
        if path not in NO_FILE:
            open(path, OPENED[key]).close()
    except (OSError, ValueError) as error:  # the latter for a NUL inside
        return f"can't be used: {getattr(error, 'strerror', None) or error}"
    return None


def _flaw_of_tls(values: Values) -> str | None:
    for one, other in (("certfile", "keyfile"), ("keyfile", "certfile")):
        if one in values and other not in values:
            return f"{one} needs {other} too; without both, hypercorn serves without TLS"
    try:
        Config.from_mapping(values).create_ssl_context()
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors and name no file
        return f"{TLS} can't be used: {getattr(error, 'strerror', None) or error}"
    return None
