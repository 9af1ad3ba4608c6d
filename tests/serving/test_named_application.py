"""The application that `serve` or --app names: a wrong name is one sentence, the site's own error stays as it is."""

from pathlib import Path

import pytest

from quart_auth_app.serving import named_application
from tests.serving.test_starts import run

SITE = """
from quart import Quart
from quart_auth_app import create_app

nothing = None
plain = Quart(__name__)

def create_site(name):
    return create_app()

def broken():
    return its_own_mistake
"""
MODULES = {"site": SITE, "imports": "import not_there", "half": "def (", "from_inside": "from site_1 import x"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with modules of a site."""
    for name, source in MODULES.items():
        (tmp_path / f"my_{name}.py").write_text(source)
    return tmp_path


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("nope:app", "No module named 'nope'"),
        ("my_site:nope", "module 'my_site' has no attribute 'nope'"),
        ("my_site:nothing", "it is of type NoneType, so no application"),
        (
            "my_site:create_site",
            "it is no application; a function that makes one is called, with () behind its name",
        ),
        ("my_site:create_site()", "create_site() missing 1 required positional argument: 'name'"),
        ("my_site:create_site(", "'(' was never closed"),
        ("my_site:1+1", named_application.NO_NAME),
        ("my_site:create_site(nothing)", named_application.NO_NAME),
        ("a:b:c", "No module named 'a'"),
    ],
)
def test_a_wrong_name_is_told_in_one_sentence(folder: Path, named: str, reason: str) -> None:
    ended = run(folder, f"quart_auth_app.cli serve --bind 127.0.0.1:0 {named}")
    assert (ended.returncode, ended.stderr) == (2, f"Error: Can't load the application {named!r}: {reason}.\n")


def test_of_two_workers_one_tells_of_a_wrong_name(folder: Path) -> None:
    ended = run(folder, "quart_auth_app.cli serve --bind 127.0.0.1:0 --workers 2 my_site:nope")
    said = "Error: Can't load the application 'my_site:nope': module 'my_site' has no attribute 'nope'.\n"
    assert (ended.returncode, ended.stderr) == (2, said)


OWN_ERRORS = [
    ("my_imports:app", "ModuleNotFoundError: No module named 'not_there'"),
    ("my_half:app", "SyntaxError: invalid syntax"),
    ("my_from_inside:app", "ModuleNotFoundError: No module named 'site_1'"),
    ("my_site:broken()", "NameError: name 'its_own_mistake' is not defined"),
]


@pytest.mark.parametrize("command", ["serve --bind 127.0.0.1:0 NAMED", "--app NAMED user list"])
@pytest.mark.parametrize(("named", "error"), OWN_ERRORS)
def test_an_error_of_the_sites_own_is_shown_with_its_line(folder: Path, command: str, named: str, error: str) -> None:
    ended = run(folder, f"quart_auth_app.cli {command}".replace("NAMED", named))
    assert ended.returncode != 0
    assert ended.stderr.rstrip().splitlines()[-1] == error
    assert named.partition(":")[0] + '.py", line ' in ended.stderr


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("nope:app", "Can't load the application 'nope:app': No module named 'nope'."),
        ("my_site:nope", "Failed to find attribute 'nope' in 'my_site'."),
        ("my_site:nothing", "A valid Quart application was not obtained from 'my_site:nothing'."),
    ],
)
def test_app_that_names_none_is_told_in_one_sentence(folder: Path, named: str, sentence: str) -> None:
    ended = run(folder, f"quart_auth_app.cli --app {named} doctor")
    assert (ended.returncode, ended.stderr) == (2, f"Error: {sentence}\n")


def test_serve_serves_the_application_that_app_names(folder: Path) -> None:
    ended = run(folder, "quart_auth_app.cli serve --bind 127.0.0.1:0", QUART_APP="my_site:nothing")
    assert (
        ended.stderr
        == "Error: Can't load the application 'my_site:nothing': it is of type NoneType, so no application.\n"
    )
