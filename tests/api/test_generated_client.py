"""Somebody else's generator writes a client from docs/openapi.json, with which an account is made and used.

`make test` puts openapi-python-client into an environment of its own, .venv-client.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cheap import APPLICATION
from tests.databases import SECRET_KEY, NewDatabase
from tests.servers import ROOT, running

ENVIRONMENT = ROOT / ".venv-client"
JOURNEY = Path(__file__).with_name("journey.py.txt")
PATIENCE = 180
"""Seconds; each program takes a few on a machine that has nothing else to do."""

is_missing = not (ENVIRONMENT / "stamp").exists() and not os.environ.get("CI")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(is_missing, reason="needs `make .venv-client/stamp`; under CI this is a failure"),
]


def run(folder: Path, *command: object) -> str:
    """Run a program in the folder; return what it said, and fail if it does."""
    done = subprocess.run(
        [*map(str, command)], cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE,
        env=os.environ | {"PYTHONPATH": "", "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the generated client, the package `api`, and the program that uses it."""
    folder = tmp_path_factory.mktemp("client")
    generate = [ENVIRONMENT / "bin" / "openapi-python-client", "generate", "--meta", "none", "--fail-on-warning"]
    (folder / "config.yml").write_text("post_hooks: []\n")  # no formatter is needed
    run(folder, *generate, "--config", "config.yml", "--path", ROOT / "docs" / "openapi.json", "--output-path", "api")
    (folder / "api" / "py.typed").touch()
    shutil.copy(JOURNEY, folder / "journey.py")
    return folder


def test_a_program_signs_up_logs_in_enrols_a_second_step_and_reads_its_sessions(
    client: Path, new_database: NewDatabase, tmp_path: Path
) -> None:
    settings = {"SECRET_KEY": SECRET_KEY, "DATABASE_URL": new_database(), "PYTHONPATH": str(ROOT)}
    with running(tmp_path, settings, application=APPLICATION) as server:
        assert run(client, ENVIRONMENT / "bin" / "python", "journey.py", server.address).startswith("here since ")


def test_the_program_and_the_client_are_typed_throughout(client: Path) -> None:
    python = ENVIRONMENT / "bin" / "python"
    run(client, sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "journey.py")
