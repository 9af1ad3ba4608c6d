"""hypercorn prints a traceback for a configuration of logging that can't be used.

Seen in 0.18.0; not reported. With this fix it prints one sentence, and exits with 1.
"""

from pathlib import Path

from hypercorn.config import Config
from hypercorn.logging import Logger

from quart_auth_app.serving.refused_start import exit_with
from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)


def fix() -> None:
    """Turn the error into a SystemExit with one sentence. Call this before hypercorn logs anything."""
    if Logger.__init__ is not _init and is_for("hypercorn", "the sentence for a broken logconfig", VERSIONS):
        Logger.__init__ = _init  # type: ignore[method-assign, assignment]  # hypercorn has no setting for it


_hypercorns_own = Logger.__init__


def _init(logger: Logger, config: Config) -> None:
    try:
        if config.logconfig and not config.logconfig.startswith(("json:", "toml:")):
            Path(config.logconfig).stat()  # before Python 3.11.4, logging says that a key is missing
        _hypercorns_own(logger, config)
    except Exception as error:  # logging raises whatever the file's own values lead to
        raise exit_with(f"{_key(config)} can't be used: {_reason(error)}") from None


def _key(config: Config) -> str:
    if config.logconfig is not None:
        return "logconfig"
    return "accesslog or errorlog" if config.logconfig_dict is None else "logconfig_dict"


def _reason(error: BaseException) -> str:
    """Return why in one line. Further lines of an error quote the file, which may hold a password."""
    said = (getattr(error, "strerror", None) or str(error)).partition("\n")[0] or type(error).__name__
    said += " is missing" if isinstance(error, KeyError) else ""
    return f"{said}: {_reason(error.__cause__)}" if error.__cause__ else said
