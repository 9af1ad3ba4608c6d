"""Checks whether a workaround of ours applies to the installed version of a package."""

import logging
from functools import lru_cache
from importlib.metadata import version

_log = logging.getLogger("quart_auth_app.third_party")


@lru_cache
def is_for(package: str, what: str, versions: tuple[str, ...]) -> bool:
    """Return whether the installed `package` has one of these versions; if not, log once that `what` is left out."""
    installed = version(package)
    if installed in versions:
        return True
    _log.warning("%s %s: %s is for %s and is left out", package, installed, what, ", ".join(versions))
    return False
