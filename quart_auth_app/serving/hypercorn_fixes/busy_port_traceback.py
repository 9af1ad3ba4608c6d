"""hypercorn prints a traceback for a port that is busy or not allowed.

Seen in 0.18.0; not reported. With this fix it prints one sentence, and exits with 1.
"""

from typing import Any

from hypercorn.config import Config, SocketTypeError

from quart_auth_app.serving.refused_start import exit_with
from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)


def fix() -> None:
    """Turn the error into a SystemExit with one sentence. Call this before hypercorn listens."""
    if Config._create_sockets is not _create_sockets and is_for("hypercorn", "the sentence for a busy port", VERSIONS):
        Config._create_sockets = _create_sockets  # type: ignore[method-assign, assignment]  # hypercorn has no setting for it


_hypercorns_own = Config._create_sockets


def _create_sockets(config: Config, binds: list[str], *options: Any) -> list[Any]:
    try:
        return _hypercorns_own(config, binds, *options)
    except (OSError, OverflowError, TypeError, ValueError, SocketTypeError) as error:
        # A port above 65535 is an OverflowError, a host like `ä..b` a TypeError, fd:// without a number a ValueError.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise exit_with(f"Can't listen on {' and '.join(binds)}: {reason}") from None
