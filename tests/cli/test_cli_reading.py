"""In a wrong folder, no command leaves anything behind but those that are there to make a database."""

from pathlib import Path

import pytest

from tests.cli.test_cli import OTHER_PASSWORD, Operator
from tests.cli.test_cli_acts import ACTS, READING

FOUNDING = {"user add", "db upgrade"}
"""Commands that make a database and a key where there are none."""

ARGUMENTS = {"user show": ["1"], "user access-keys": ["1"], "user activity": ["1"]}


@pytest.mark.parametrize("command", sorted((READING | ACTS.keys()) - FOUNDING))
@pytest.mark.parametrize("url", ["", "sqlite:///no/such/db.sqlite"])
def test_no_other_command_makes_a_file_a_folder_or_a_key(tmp_path: Path, command: str, url: str) -> None:
    arguments = ACTS[command][0] if command in ACTS else ARGUMENTS.get(command, [])
    result = Operator(url, SECRET_KEY="").run(*command.split(), *arguments, typed=OTHER_PASSWORD)
    file = tmp_path / (url.removeprefix("sqlite:///") or "instance/db.sqlite")
    assert result.exit_code == 1
    assert f"there is no database file {file}; " in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", sorted(READING))
def test_who_only_reads_leaves_files_as_they_are(tmp_path: Path, command: str) -> None:
    operator = Operator("", SECRET_KEY="")
    assert operator.run("user", "add", "bob@example.com", "--name", "Bob", typed=OTHER_PASSWORD).exit_code == 0
    (tmp_path / "instance" / "secret_key").unlink()

    def files() -> dict[str, bytes]:
        return {str(each): each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}

    before = files()
    operator.run(*command.split(), *ARGUMENTS.get(command, []))
    assert files() == before


@pytest.mark.parametrize("command", sorted(FOUNDING))
def test_a_first_command_makes_the_database_and_its_key(tmp_path: Path, command: str) -> None:
    result = Operator("", SECRET_KEY="").run(*command.split(), *ACTS[command][0], typed=OTHER_PASSWORD)
    assert result.exit_code == 0
    assert {each.name for each in (tmp_path / "instance").iterdir()} == {"db.sqlite", "secret_key"}
