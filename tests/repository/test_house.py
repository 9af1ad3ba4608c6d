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
ROOT = Path(__file__).parents[2]
LEVELS = [
    {"one_line"},
    {
        "clock",
        "database_urls",
        "instance",
        "languages",
        "content_policy",
        "fair_queue",
        "mail_urls",
        "models",
        "origins",
        "progress",
        "third_party",
    },
    {"settings"},
    {"database"},
    {"accounts"},
    {"mail", "providers"},
    {"operations"},
    {"web"},
    {"blueprints", "serving"},
    {"cli", "wiring"},
    {"__init__"},
    {"testing"},
]
"""The rooms of the package, the lowest first. A room imports from itself and from the levels below its own."""

NO_HTTP = {
    "clock",
    "database_urls",
    "models",
    "instance",
    "languages",
    "content_policy",
    "fair_queue",
    "mail_urls",
    "one_line",
    "origins",
    "progress",
    "providers",
    "third_party",
    "settings",
    "database",
    "accounts",
    "mail",
    "operations",
}
"""Rooms that know nothing of HTTP, and so import none of HTTP_LIBRARIES."""

HTTP_LIBRARIES = {"click", "hypercorn", "quart", "quart_auth", "werkzeug"}

PASSLIB = {f"accounts/passwords/{name}_hashes.py" for name in ("adopted", "werkzeug", "argon2")} | {
    "accounts/passwords/hashing.py"
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def dotted(file: Path) -> str:
    """Return the module's full name; a package's is the folder's."""
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    """Return the room that a module of the package lies in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def level(module: str) -> int:
    """Return how high above the ground the module's room lies."""
    return next(number for number, rooms in enumerate(LEVELS) if room(module) in rooms)


def imported(tree: ast.AST) -> set[str]:
    """Return the full names of everything that the code imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imports(file: Path) -> set[str]:
    """Return the full names of everything that a file imports, anywhere in it."""
    return imported(ast.parse(file.read_text()))


def module_of(name: str) -> str:
    """Return the module that an imported name lies in: the name itself if it is a module, else its parent."""
    return name if name in NAMES_OF_MODULES else name.rpartition(".")[0]


NAMES_OF_MODULES = {dotted(file) for file in MODULES}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_down_only(file: Path) -> None:
    own = dotted(file)
    for name in imports(file):
        if name.startswith("quart_auth_app."):
            other = module_of(name)
            if room(other) != room(own):
                assert level(other) < level(own), f"{own} imports {name}"
        if room(own) in NO_HTTP:
            assert name.split(".")[0] not in HTTP_LIBRARIES, f"{own} imports {name}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not even inside a function, or only for types: a circle has no lowest module to begin reading at."""
    arrows = {
        dotted(file): {module_of(name) for name in imports(file) if name.startswith("quart_auth_app.")} - {dotted(file)}
        for file in MODULES
    }
    while ends := {name for name, others in arrows.items() if not others & arrows.keys()}:
        arrows = {name: others for name, others in arrows.items() if name not in ends}
    assert not arrows, f"these import each other: {sorted(arrows)}"


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_passlib_and_the_environment_are_known_in_one_place(file: Path) -> None:
    source = file.read_text()
    own = str(file.relative_to(PACKAGE))
    assert ("passlib" in source) <= (own in PASSLIB)
    assert bool(re.search(r"\benviron\b", source)) <= (own in {"__init__.py", "cli/__init__.py"})


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
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 passed" in run.stdout, run.stdout + run.stderr
    assert not (tmp_path / "instance").exists()
    options = ["--strict", f"--cache-dir={ROOT / '.mypy_cache'}"]
    types = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *(name for name, _ in blocks)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert types.returncode == 0, types.stdout + types.stderr
