"""Commands that take long show on a terminal how far they have come, and say nothing of it in a pipe."""

import asyncio
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from quart_auth_app.accounts.credentials import second_step_set_up
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.operations import directory, housekeeping
from tests.cli.test_cli import ROOT, Operator
from tests.people import BOB, Accounts, Clock

LONG = {
    "db upgrade": "Steps of the schema: ",
    "prune": "Cleaning up: ",
    "user list example": "Users looked at: ",
    "secrets rotate": "Users with an authenticator app: ",
}
"""Commands that may take more than a second, and what they show."""


def environment(tmp_path: Path) -> dict[str, str]:
    """Return the settings of a database that is not there yet."""
    own = {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite", "SECRET_KEY": "a key for tests, which is long enough"}
    return os.environ | own | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}


def on_a_terminal(words: list[str], tmp_path: Path) -> str:
    """Run the command with a terminal for its outputs; return all that was written to it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, env=environment(tmp_path), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 10_000)
        except OSError:  # Linux: everybody else has closed it
            part = b""
        if not part:
            break
        written += part
    os.close(ours)
    assert process.wait(90) == 0, written
    return written.decode()


def words(command: str) -> list[str]:
    """Return what starts the command as a program."""
    return [sys.executable, "-m", "quart_auth_app.cli", *command.split()]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A folder with a database that has one user, who has an authenticator app."""
    operator = Operator(f"sqlite:///{tmp_path}/db.sqlite")
    operator.add(BOB)

    async def set_up() -> None:
        database = Database(make_url(operator.settings["DATABASE_URL"]))
        async with database.transaction() as db:
            await second_step_set_up.set_up(db, Keys(operator.settings["SECRET_KEY"], ()), user_id=1)
        await database.close()

    asyncio.run(set_up())
    return tmp_path


@pytest.mark.parametrize("command", LONG)
def test_progress_is_shown_on_a_terminal_and_gone_at_the_end(filled: Path, command: str) -> None:
    if command == "db upgrade":
        (filled / "db.sqlite").unlink()
    written = on_a_terminal(words(command), filled)
    assert LONG[command] in written
    assert LONG[command] not in written.rpartition("\r\x1b[K")[2], "the line is cleared"


@pytest.mark.parametrize("command", LONG)
def test_nothing_of_it_is_written_into_a_pipe(filled: Path, command: str) -> None:
    if command == "db upgrade":
        (filled / "db.sqlite").unlink()
    done = subprocess.run(words(command), env=environment(filled), capture_output=True, text=True, check=True)
    assert LONG[command].strip(": ") not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


async def test_what_is_told_goes_on_to_the_end(
    accounts: Accounts, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, told = accounts.services.database, list[tuple[int, ...]]()
    monkeypatch.setattr(directory, "AT_ONCE", 1)
    for number in range(5):
        await accounts.sign_up(**BOB | {"email": f"bob{number}@example.com"})
    async with database.reading() as db:
        found = await directory.page(db, search="bob", limit=4, tell=lambda *each: told.append(each))
        assert [user.id for user in found] == [1, 2, 3, 4]
        assert told == [(1, 5), (3, 5)]
        assert [user.id for user in await directory.page(db, search="bob", after=2, limit=9)] == [3, 4, 5]
    told.clear()
    await housekeeping.keep_house(database, now=time.now, tell=lambda *each: told.append(each))
    assert told == [(number, 10) for number in range(10)]
