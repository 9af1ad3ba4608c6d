"""Statements compiled once for all engines of a run: SQLAlchemy's cache is an engine's own, and its dialect's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

MOST = 10_000
"""Statements that are kept; an engine keeps 500, and a process of the suite sees all that there are."""


@contextmanager
def shared() -> Iterator[None]:
    """Let engines share compiled statements if their dialects write the same SQL."""
    cache: LRUCache[Any, Any] = LRUCache(MOST)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "_compiled_cache", property(lambda _: cache, lambda *_: None), raising=False)
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: _written(one) == _written(other))
        patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(_written(dialect)))
        yield


def _written(dialect: Any) -> tuple[object, ...]:
    # All that differs between our dialects: they depend on the version of the server.
    return (
        type(dialect),
        dialect.paramstyle,
        getattr(dialect, "server_version_info", None),
        getattr(dialect, "_backslash_escapes", None),
    )
