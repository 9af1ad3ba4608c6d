"""The instance folder, as the tutorial calls it: where a SQLite file lies, and the secret key beside it."""

import os
import secrets
from pathlib import Path

from sqlalchemy.engine import URL


class SettingsError(SystemExit):
    """A setting is unusable. A SystemExit, so that a server prints the sentence and ends, with no traceback."""


def secret_key(database_url: URL) -> str:
    """Return the key kept beside the database file, made by whoever comes first. Raises SettingsError."""
    key = secrets.token_urlsafe(48)
    if not database_file(database_url):
        return key  # an in-memory database ends with the process, and so may the key
    path = database_folder(database_url) / "secret_key"
    try:
        if not path.exists():
            _write_once(path, key)
        return path.read_text().strip() or "empty"
    except OSError as error:
        raise SettingsError(f"SECRET_KEY is not set and {path} can't be used: {error.strerror}") from None


def _write_once(path: Path, text: str) -> None:
    """Create the file whole or not at all: of several workers that start at once, one wins and all read the same."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def database_file(url: URL) -> Path | None:
    """Return the path of a SQLite database file, None for a database in memory or on a server."""
    on_disk = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return Path(url.database or "") if on_disk else None


def database_folder(url: URL) -> Path:
    """Return the folder that holds a SQLite file, made if need be; raise SettingsError where nothing can be written."""
    folder = (database_file(url) or Path()).absolute().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"DATABASE_URL: the folder {folder} can't be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise SettingsError(f"DATABASE_URL: the folder {folder} is not writable for this user")
    return folder
