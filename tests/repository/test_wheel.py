"""The wheel carries all that the site needs."""

import os
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

from tests.servers import served

ROOT = Path(__file__).parents[2]
PAGES = {"/": "Home", "/login": "Remember me", "/signup": "Sign Up", "/static/style.css": "--page"}


def test_the_wheel_serves_the_same_pages_from_an_empty_folder(tmp_path: Path) -> None:
    """Its dependencies come from this environment; `.ci/run` installs it with its own, from the index."""
    dist, target, empty = tmp_path / "dist", tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*install, *map(str, dist.iterdir())], check=True, capture_output=True)
    # On PYTHONPATH the environment's packages are found, but not its link to this checkout.
    path = os.pathsep.join([str(target), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    python = sys._base_executable  # type: ignore[attr-defined]  # the interpreter that the environment was made from
    with served(empty, python=python, PYTHONPATH=path) as site:
        for page, sign in PAGES.items():
            with urllib.request.urlopen(site + page) as response:
                assert sign in response.read().decode(), page
    assert (empty / "instance" / "db.sqlite").exists()
