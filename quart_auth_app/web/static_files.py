"""Static files under a name that has their content's hash in it: cached for a year, and never stale."""

import errno
import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

from quart import Quart, Response, has_request_context, request
from werkzeug.exceptions import NotFound

MAX_AGE = 365 * 24 * 60 * 60
"""Seconds in a year, the longest that RFC 9111 gives sense to."""

_HASHED = re.compile(r"(.+)\.([0-9a-f]{16})(\.\w+)")


def init_app(app: Quart) -> None:
    """Serve the static files of `app` under their hashed names too, and let url_for say these."""
    StaticFiles(app)


class StaticFiles:
    """Puts the hash into names on the way out, and takes it off on the way in."""

    def __init__(self, app: Quart) -> None:
        self._app = app
        self._build = app.url_for
        self._recent = lru_cache(self._path)
        app.url_for = self._url_for  # type: ignore[method-assign]  # which quart.url_for and the templates call
        app.view_functions["static"] = self._send

    def _url_for(self, endpoint: str, **values: Any) -> str:
        if endpoint != "static":
            return self._build(endpoint, **values)
        if len(values) == 1 and has_request_context():
            # Every page names two files. Once a second will do to look whether they were edited.
            return self._recent(values["filename"], request.root_path, int(monotonic()))
        return self._build(endpoint, **values | {"filename": self._named(values["filename"])})

    def _path(self, filename: str, _root_path: str, _second: int) -> str:
        return self._build("static", filename=self._named(filename))

    def _named(self, filename: str) -> str:
        digest = self._digest(filename)
        stem, dot, suffix = filename.rpartition(".")
        return f"{stem}.{digest}{dot}{suffix}" if digest else filename

    async def _send(self, filename: str) -> Response:
        match = _HASHED.fullmatch(filename)
        plain = match[1] + match[3] if match else filename
        try:
            response = await self._app.send_static_file(plain)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise NotFound from None
        current = match and match[2] == self._digest(plain)
        response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}, immutable" if current else "no-cache"
        return response

    def _digest(self, filename: str) -> str | None:
        path = f"{self._app.static_folder}/{filename}"
        try:
            return _digest(path, os.stat(path).st_mtime_ns)
        except OSError:
            return None


@lru_cache
def _digest(path: str, _modified: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
