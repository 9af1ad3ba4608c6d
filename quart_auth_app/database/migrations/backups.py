"""The copy of a SQLite file from before an upgrade."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text


@contextmanager
def backed_up(connection: Connection, label: str) -> Iterator[None]:
    """Copy a SQLite file that is not empty before the block; delete the copy if the block, the upgrade, fails."""
    file = None
    if connection.dialect.name == "sqlite" and inspect(connection).get_table_names():
        file = connection.scalar(text("SELECT file FROM pragma_database_list WHERE name = 'main'"))
    if not file:  # it is empty, or in memory
        yield
        return
    copy = Path(f"{file}.before-{label}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
    copy.touch(mode=0o600, exist_ok=False)
    try:
        # Our transaction keeps all writers out, so this second connection reads the state from before it.
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield
    except BaseException:
        copy.unlink()
        raise
