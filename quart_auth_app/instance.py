"""The instance folder, as the tutorial calls it: it holds the SQLite file and the secret key."""

import errno
import os
import secrets
import shlex
import stat
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.engine import URL

from quart_auth_app import one_line

FORBIDDEN_MODE = 0o077
"""Permissions that a `secret_key` file must not have: anybody who can read or replace the key can sign cookies. Its
owner makes backups, or root."""


MAX_FILE = 64 * 1024
"""Largest `secret_key` file in bytes; a larger file is not a key."""


class SettingsError(ValueError):
    """A setting is unusable. The message is one sentence, with no secret in it."""


def secret_key(database_url: URL, *, create: bool = True) -> str:
    """Return the key stored beside the database file; the first process creates it. Raises SettingsError.

    Without `create`, no file is written: if it is missing, the key is random and lasts as long as the process.
    """
    key = secrets.token_urlsafe(48)
    file = database_file(database_url)
    if not file:
        return key  # an in-memory database ends with the process, and so may the key
    path = file.absolute().with_name("secret_key")
    try:
        if not path.exists():
            if not create:
                return key
            database_folder(database_url)
            _write_once(path, key)
        return _read_private(path) or "empty"
    except OSError as error:
        raise SettingsError(f"SECRET_KEY is not set and {path} can't be used: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"SECRET_KEY is not set and {path} is not text in UTF-8; save it as that") from None


def opened(path: str | Path) -> BinaryIO:
    """Open a regular file for reading. Raises OSError, also for a pipe: reading one could block the start for ever."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115  # returned open
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a file")
    return file


def _read_private(path: Path) -> str:
    with opened(path) as file:
        found = os.fstat(file.fileno())
        if found.st_uid not in {os.geteuid(), 0}:
            raise SettingsError(
                f"{path} belongs to another user (number {found.st_uid}), who knows the key; "
                "run as that user, or change its owner with chown"
            )
        if found.st_mode & FORBIDDEN_MODE:
            raise SettingsError(
                f"{path} is open to other users of this machine; run: chmod go= {shlex.quote(str(path))}"
            )
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise SettingsError(f"{path} has more than {MAX_FILE} bytes, so it can't be the key")
    key = content.decode().strip()
    if flaw := one_line.flaw(key):
        raise SettingsError(f"SECRET_KEY is not set and {path} {flaw}")
    return key


def _write_once(path: Path, text: str) -> None:
    """Create the file atomically: of several workers that start at once, one creates it and all read the same key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)  # on a full disk, too: half a key is of no use to us


def database_file(url: URL) -> Path | None:
    """Return the path of the SQLite file, None for a database in memory or on a server."""
    on_disk = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return Path(url.database or "") if on_disk else None


def insist_on_file(url: URL) -> None:
    """Raise SettingsError if the URL names a SQLite file that doesn't exist."""
    file = database_file(url)
    if file and not os.path.exists(file):  # also False for a path that the system can't look up
        raise SettingsError(
            f"DATABASE_URL: there is no database file {file.absolute()}; name yours with "
            "DATABASE_URL=sqlite:////path/to/db.sqlite, or make this one with: quart-auth-app db upgrade"
        )


def database_folder(url: URL) -> Path:
    """Return the folder of the SQLite file, created if needed. Raises SettingsError if it can't be."""
    folder = (database_file(url) or Path()).absolute().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"DATABASE_URL: the folder {folder} can't be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise SettingsError(f"DATABASE_URL: the folder {folder} is not writable for this user")
    return folder
