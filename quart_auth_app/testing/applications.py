"""An application with a fresh database, without the machine's settings, and with fast hashes."""

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from quart import Quart
from sqlalchemy import make_url

from quart_auth_app import create_app, settings
from quart_auth_app.accounts.passwords import hashing
from quart_auth_app.database.units_of_work import Database

SECRET_KEY = "a key for tests, which is long enough"  # noqa: S105  # it protects nothing


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in a millisecond instead of a quarter of a second."""
    monkeypatch.setattr(hashing, "ROUNDS", 4)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove settings from the environment, so that tests are the same on every machine."""
    for name in settings.ALL_NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("quart_auth_app") / "migrated.sqlite"

    async def migrate() -> None:
        database = Database(make_url(f"sqlite:///{file}"))
        # The site's own tables are made when its application first uses the database.
        await database.schema.upgrade_ours()
        await database.close()

    with ThreadPoolExecutor(1) as pool:  # in an event loop of its own, as the test's may be running
        pool.submit(asyncio.run, migrate()).result()
    return file


@pytest.fixture
def fresh_database(_migrated: Path, tmp_path: Path) -> str:
    """Return the DATABASE_URL of a new database for this test, with our tables. It is a copy, made in milliseconds."""
    file = tmp_path / "fresh.sqlite"
    shutil.copy(_migrated, file)
    return f"sqlite:///{file}"


@pytest.fixture
def app(fresh_database: str) -> Quart:
    """One application. A site replaces this fixture: `return create_shop({"DATABASE_URL": fresh_database})`."""
    return create_app({"DATABASE_URL": fresh_database, "SECRET_KEY": SECRET_KEY})
