"""Static files with a hash of their content in the name, so that caches may keep them for a year."""

import errno
import hashlib
import os
import re
import stat
from functools import cached_property, lru_cache
from pathlib import Path

from quart import Quart, Response, send_from_directory
from werkzeug.exceptions import NotFound

from quart_auth_app.web.own_files import STATIC

MAX_AGE = 365 * 24 * 60 * 60
"""A year, in seconds."""

_OURS = str(STATIC)
_HASHED = re.compile(r"(.+)\.([0-9a-f]{16})(\.\w+)")


class StaticFiles:
    """Adds the hash to names in URLs, and removes it from names in requests.

    A file of the site's own is served in place of ours of the same name.
    """

    def __init__(self, app: Quart) -> None:
        self._app = app
        app.view_functions["static"] = self._send

    def hashed(self, filename: str) -> str | None:
        """Return the name with the hash in it, None if there is no such file."""
        folder, changed = self._place(filename)
        if changed is None:
            return None
        stem, dot, suffix = filename.rpartition(".")
        return f"{stem}.{_digest(f'{folder}/{filename}', changed)}{dot}{suffix}"

    async def _send(self, filename: str) -> Response:
        match = _HASHED.fullmatch(filename)
        plain = match[1] + match[3] if match else filename
        try:
            response = await send_from_directory(self._place(plain)[0], plain)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise NotFound from None
        current = match and match[2] == self._digest(plain)
        response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}, immutable" if current else "no-cache"
        return response

    def _place(self, filename: str) -> tuple[str, int | None]:
        """Return the folder that has this file, and the time of the file's last change; None if there is none."""
        for folder in self._folders:
            try:
                found = os.stat(f"{folder}/{filename}")
            except (OSError, ValueError):  # ValueError: a name with NUL
                continue
            if stat.S_ISREG(found.st_mode):
                return folder, found.st_mtime_ns
        return _OURS, None

    @cached_property
    def _folders(self) -> tuple[str, ...]:
        # Looked up with the first file, and not here: a site may set its folder after the application is made.
        return str(self._app.static_folder), _OURS

    def _digest(self, filename: str) -> str | None:
        folder, changed = self._place(filename)
        return _digest(f"{folder}/{filename}", changed) if changed is not None else None


@lru_cache
def _digest(path: str, _modified: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
