"""`quart-auth-app new`: a site that runs and passes its tests at once."""

import json
import os
import subprocess
import sys
import urllib.request
from importlib import import_module
from pathlib import Path

import pytest

from tests.cli.test_cli import Operator
from tests.servers import ROOT, running

new = import_module("quart_auth_app.cli.new")  # in the package, the command has this name


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new site, with this environment in place of the one that its Makefile would fetch, as .ci/new-site does."""
    monkeypatch.setattr(new, "installed_from", lambda: None)
    assert Operator("").run("new", "soup").exit_code == 0
    venv = tmp_path / "soup" / ".venv"
    venv.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    (venv / "stamp").touch()
    return tmp_path / "soup"


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a shell that knows the checkout."""
    return os.environ | {"PYTHONPATH": str(ROOT)} | settings


@pytest.mark.slow
def test_make_test_passes_and_the_migration_is_what_the_models_say(site: Path) -> None:
    tested = subprocess.run(["make", "test"], cwd=site, env=environment(), capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "2 passed" in tested.stdout
    made = subprocess.run(
        ["make", "migration", "NAME=again"], cwd=site, env=environment(), capture_output=True, text=True, check=False
    )
    assert "There is nothing to write" in made.stderr
    typed = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "soup", "tests"],
        cwd=site, env=environment(MYPYPATH=str(ROOT)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert typed.returncode == 0, typed.stdout


@pytest.mark.slow
def test_make_run_serves_it(site: Path) -> None:
    with (
        running(site, environment(), command=["make", "run", "BIND=127.0.0.1:PORT"]) as server,
        urllib.request.urlopen(server.address) as response,
    ):
        assert 'href="/notes">Notes</a>' in response.read().decode()


@pytest.mark.parametrize("name", ["my-site", "class", "json", "../site"])
def test_a_name_that_no_package_can_have_is_refused(tmp_path: Path, name: str) -> None:
    assert "can't be the name of a Python package" in Operator("").run("new", name).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "soup").mkdir()
    assert "can't be made: File exists" in Operator("").run("new", "soup").stderr
    assert list((tmp_path / "soup").iterdir()) == []


def test_what_came_from_no_package_index_goes_along_as_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "built by me" / "quart_auth_app-9.9-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"a wheel")
    monkeypatch.setattr(new, "installed_from", wheel.as_uri)
    assert Operator("").run("new", "soup").exit_code == 0
    assert (tmp_path / "soup" / "wheels" / wheel.name).read_bytes() == wheel.read_bytes()


def test_what_came_from_a_checkout_is_built_by_the_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "installed_from", lambda: "file:///src")
    Operator("").run("new", "soup")
    assert (tmp_path / "soup" / "wheels" / "from.txt").read_text() == "quart-auth-app @ file:///src\n"
    said = subprocess.run(
        ["make", "-n", "test"], cwd=tmp_path / "soup", capture_output=True, text=True, check=True
    ).stdout
    assert said.index("pip --quiet wheel") < said.index("pip --quiet install")


def test_a_wheel_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "installed_from", (tmp_path / "gone.whl").as_uri)
    made = Operator("").run("new", "soup")
    assert "can't be read: No such file or directory" in made.stderr
    assert (tmp_path / "soup" / "Makefile").is_file()


@pytest.mark.parametrize(
    ("said", "url"),
    [
        (None, None),
        ({"url": "file:///src", "dir_info": {"editable": True}}, "file:///src"),
        (
            {"url": "https://git.example/it", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "git+https://git.example/it@abc",
        ),
    ],
)
def test_where_it_was_installed_from_is_what_pip_wrote_down(
    monkeypatch: pytest.MonkeyPatch, said: object, url: str | None
) -> None:
    class Installed:
        def read_text(self, _name: str) -> str | None:
            return json.dumps(said) if said else None

    monkeypatch.setattr(new, "distribution", lambda _name: Installed())
    assert new.installed_from() == url
