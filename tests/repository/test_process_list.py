"""No secret is in the process list, which everybody on the machine can read, while docs/deploy.md's commands run."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import make_url

from tests import databases
from tests.repository.test_deploy import DEPLOY, ROOT, documented, empty_name, secrets

__all__ = ["empty_name"]  # a fixture

LINGERING = """#!/bin/sh
: >'{waiting}'/$$
while [ -e '{waiting}'/$$ ]; do {sleep} 0.01; done
exec '{program}' "$@"
"""
"""What each program is replaced by: it waits, with its arguments, until the process list has been read."""


def process_list() -> set[str]:
    """Return the arguments of every process."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            found.add(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """What the process list has had since the test began; no program that a script starts by its name is missed."""
    waiting, folder = tmp_path / "waiting", tmp_path / "programs"
    waiting.mkdir()
    folder.mkdir()
    scripts = [DEPLOY / "make-secrets", DEPLOY / "with-database", ROOT / "docs" / "deploy.md"]
    for name in {word for script in scripts for word in re.findall(r"[\w-]+", script.read_text())}:
        if program := shutil.which(name):
            lingering = LINGERING.format(waiting=waiting, sleep=shutil.which("sleep"), program=program)
            (folder / name).write_text(lingering)
            (folder / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    found, over = set[str](), Event()

    def watch() -> None:
        while not over.is_set():
            started = [*waiting.iterdir()]
            found.update(process_list())
            for each in started:
                each.unlink()
            time.sleep(0.005)

    watcher = Thread(target=watch)
    watcher.start()
    yield found
    over.set()
    watcher.join()


def test_no_secret_is_in_the_process_list_while_secrets_are_made(tmp_path: Path, seen: set[str]) -> None:
    folder = tmp_path / "secrets"
    known: set[str] = set()
    for command in ([], ["announce"], ["rotate"], ["kubernetes"]):
        secrets(folder, *command)
        for file in folder.iterdir():
            known |= {part for part in file.read_text().strip().split(",") if part}
    assert len(known) == 4, "a password and the address with it, two keys"
    assert any("openssl rand" in each for each in seen)
    assert any("make-secrets rotate" in each for each in seen)
    assert [each for each in seen if any(secret in each for secret in known)] == []


@pytest.mark.skipif(not databases.POSTGRES or not shutil.which("pg_dump"), reason="needs TEST_POSTGRES_URL and pg_dump")
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_the_databases_password_is_not_in_the_process_list_while_it_is_dumped_and_restored(
    new_database: databases.NewDatabase, tmp_path: Path, seen: set[str], empty_name: str
) -> None:
    """The test server may ask for none; what counts is where it goes."""
    url, restored = (
        make_url(each).set(password=make_url(each).password or "s3cret").render_as_string(hide_password=False)
        for each in (new_database(), databases.address(empty_name))
    )
    backup = str(tmp_path / "backup")
    documented("Back up PostgreSQL", DATABASE_URL=url, BACKUP=backup)
    documented("Restore PostgreSQL", DATABASE_URL=url, BACKUP=backup, NEW=empty_name, NEW_URL=restored)
    for program in ("pg_dump", "createdb", "pg_restore"):
        assert any(f"programs/{program} " in each for each in seen)
    password = make_url(url).password or ""
    assert [each for each in seen if password in each] == []
