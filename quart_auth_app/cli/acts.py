"""Writes operators' acts to the security log: who ran which command, from where, on which account.

A line goes to the system log, like those of sudo and useradd; under systemd that is the journal, where the
application's lines are too. A line printed to a terminal would be lost. Without a system log, as in containers, it
goes to standard error.
"""

import logging
import os
import pwd
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from quart_auth_app.models import User
from quart_auth_app.web.telemetry import logs, security_log

SYSTEM_LOG = "/dev/log"
"""The socket of the system log, see syslog(3)."""

AUTHPRIV_INFO = 10 * 8 + 6
"""Facility authpriv and level info (RFC 3164, 4.1.1)."""

PATIENCE = 2.0
"""Seconds to wait for a full system log."""

LOG_IN_USER = Path("/proc/self/loginuid")
"""Linux: the number of the user who logged in, which sudo and su don't change."""

NOBODY = 2**32 - 1
"""The number there for processes without a log-in."""

NOT_TOLD = {"as_json", "yes"}
"""Options that say nothing about the act, so are left out."""


def log(*about: object) -> None:
    """Write a line about the running command. The first user in `about` is the one whose account it changed."""
    context = click.get_current_context()
    environment: Mapping[str, str] = context.find_root().obj
    user = next((each for each in about if isinstance(each, User)), None)
    details = {name: given for name, given in context.params.items() if _is_told(name, given)}
    if user:
        details["user"] = user.id
    with _handling(SystemLog()):
        where = _where(environment)
        security_log.write("operator", command=_command(context), by=_who(environment), **where, **details)


def _command(context: click.Context) -> str:
    names = [context.info_name or ""]
    while (context := context.parent or context).parent:
        names.insert(0, context.info_name or "")
    return " ".join(names)


def _is_told(name: str, given: object) -> bool:
    # Numbers and flags only. Texts are addresses and names, and the log has the user's number already.
    return isinstance(given, int) and given is not False and name not in NOT_TOLD


class SystemLog(logging.Handler):
    """Sends lines to the system log, or else to standard error. Never raises: the act is already done."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send the line."""
        line = self.format(record)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
                log.settimeout(PATIENCE)
                log.connect(SYSTEM_LOG)
                log.send(f"<{AUTHPRIV_INFO}>quart-auth-app: {line}".encode())
        except OSError:
            with suppress(OSError):
                click.echo(line, file=sys.stderr)


@contextmanager
def _handling(handler: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger(logs.LOGGER)
    handler.setFormatter(logs.JsonLines())
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _who(environment: Mapping[str, str]) -> str:
    """Return the operating system's user who runs this, and the one who logged in if it is another."""
    running, at_log_in = _user_name(os.getuid()), environment.get("SUDO_USER", "")
    with suppress(OSError, ValueError):
        number = int(LOG_IN_USER.read_text())
        at_log_in = at_log_in if number == NOBODY else _user_name(number)
    return running if at_log_in in {"", running} else f"{at_log_in} as {running}"


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _where(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the address of the SSH client, or the terminal's name, or nothing."""
    if address := environment.get("SSH_CONNECTION", "").partition(" ")[0]:
        return {"address": address}
    terminal = next(filter(None, map(_terminal, range(3))), "")
    return {"terminal": terminal} if terminal else {}


def _terminal(descriptor: int) -> str:
    try:
        return os.ttyname(descriptor)
    except OSError:
        return ""
