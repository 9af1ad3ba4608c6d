"""The house rules that hold everywhere: who may import whom, which documents must agree with the code."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import quart_auth_app
from quart_auth_app.settings import NAMES

PACKAGE = Path(quart_auth_app.__file__).parent
ROOT = Path(__file__).parent.parent
LEVELS = [
    "models",
    "instance",
    "settings",
    "engines",
    "migrations",
    "database",
    "accounts",
    "web",
    "blueprints",
    "cli",
    "__init__",
]
"""From the ground up: a room imports from itself and from below."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def room(module: str) -> str:
    """Return the room that a module of the package lies in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports(file: Path) -> set[str]:
    """Return the full names of all modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_down_only(file: Path) -> None:
    own = room(".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts))
    for name in imports(file):
        if name.startswith("quart_auth_app"):
            assert LEVELS.index(room(name)) <= LEVELS.index(own), f"{own} imports {name}"
        if own in {"models", "database", "accounts"}:
            assert name.split(".")[0] not in {"click", "quart", "quart_auth", "werkzeug"}, f"{own} imports {name}"


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_passlib_and_the_environment_are_known_in_one_place(file: Path) -> None:
    source = file.read_text()
    assert ("passlib" in source) <= (file.name in {"passwords.py", "werkzeug_hashes.py"})
    assert ("environ" in source) <= (file.name in {"settings.py", "__init__.py", "cli.py"})


def test_every_setting_stands_in_the_readme() -> None:
    table = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.M)
    assert table == list(NAMES)


@pytest.mark.asvs("6.3.4", "13.4.5")
def test_the_readmes_routes_are_the_applications(make_app: object) -> None:
    assert callable(make_app)
    rules = {rule.rule for rule in make_app().url_map.iter_rules()} - {"/static/<path:filename>"}
    table = re.findall(r"^\| [A-Z, ]+ `(/[^`]*)` \|", (ROOT / "README.md").read_text(), re.M)
    assert set(table) == rules


def test_the_readmes_code_runs(tmp_path: Path) -> None:
    """The protected page and its test, word for word, in files of their own."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert [name for name, _ in blocks] == ["my_site.py", "test_my_site.py"]
    for name, source in blocks:
        (tmp_path / name).write_text(source)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", "-W", "ignore"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 passed" in run.stdout, run.stdout + run.stderr
