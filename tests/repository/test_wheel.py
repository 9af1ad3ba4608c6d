"""The wheel carries all that the site needs, and its types."""

import os
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

import pytest

from tests.servers import served

ROOT = Path(__file__).parents[2]
PAGES = {"/": "Home", "/login": "Remember me", "/signup": "Sign Up", "/static/style.css": "--page"}


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="session")
def wheel(dist: Path) -> str:
    """The wheel's file."""
    (file,) = dist.glob("*.whl")
    return str(file)


def test_the_wheel_serves_the_same_pages_from_an_empty_folder(wheel: str, tmp_path: Path) -> None:
    """Its dependencies come from this environment; `.ci/run` installs it with its own, from the index."""
    target, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*install, wheel], check=True, capture_output=True)
    # On PYTHONPATH the environment's packages are found, but not its link to this checkout.
    path = os.pathsep.join([str(target), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    python = sys._base_executable  # type: ignore[attr-defined]  # the interpreter that the environment was made from
    with served(empty, python=python, PYTHONPATH=path) as site:
        for page, sign in PAGES.items():
            with urllib.request.urlopen(site + page) as response:
                assert sign in response.read().decode(), page
    assert (empty / "instance" / "db.sqlite").exists()


@pytest.mark.slow
def test_mypy_sees_the_types_of_the_installed_wheel(wheel: str, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    python = environment / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, capture_output=True)
    site = tmp_path / "my_site.py"
    site.write_text("from quart_auth_app import clock, create_app\n\nreveal_type(create_app)\nnow: int = clock.now()\n")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--python-executable", str(python)]
    run = subprocess.run([*mypy, str(site)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "import-untyped" not in run.stdout
    assert 'expression has type "datetime", variable has type "int"' in run.stdout, run.stdout + run.stderr
    assert 'Revealed type is "def (' in run.stdout, run.stdout


def check_of(*files: Path) -> "subprocess.CompletedProcess[str]":
    """Run the check that `make dist` ends with."""
    command = [sys.executable, str(ROOT / ".ci" / "check_dist.py"), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_would_be_published_passes_the_check(dist: Path) -> None:
    files = sorted(file for file in dist.iterdir() if file.suffix in {".whl", ".gz"})
    assert len(files) == 2
    assert check_of(*files).returncode == 0, check_of(*files).stderr


def test_a_wheel_of_another_version_fails_the_check(wheel: str, tmp_path: Path) -> None:
    renamed = tmp_path / "quart_auth_app-0.0.9-py3-none-any.whl"
    renamed.write_bytes(Path(wheel).read_bytes())
    check = check_of(renamed)
    assert check.returncode == 1
    assert "the version is 0.0.9" in check.stderr
