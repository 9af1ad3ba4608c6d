"""docs/build-on-it.md shows the code of examples/shop, whose own tests pass."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import quart_auth_app
from quart_auth_app import signals, testing

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "shop"
TEXT = (ROOT / "docs" / "build-on-it.md").read_text()
FIXTURES = {name for name, value in vars(testing).items() if type(value).__name__ == "FixtureFunctionDefinition"}
BLOCKS = re.findall(r"```\w+\n(?:# (\S+)|\{# (\S+) #\})\n(.*?)```", TEXT, re.S)


@pytest.mark.slow
def test_the_shops_own_tests_pass_with_warnings_as_errors() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=SHOP, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "warning" not in run.stdout


def test_each_of_the_thirteen_expectations_is_a_test_of_the_shop() -> None:
    numbers = set(re.findall(r"^ *(?:async )?def test_(\d+b?)_", (SHOP / "tests" / "test_shop.py").read_text(), re.M))
    assert numbers == {*map(str, range(1, 11)), "10b", "13", "14"}


def test_every_piece_of_code_stands_in_the_shop_word_for_word() -> None:
    assert len(BLOCKS) == len(re.findall(r"^```\w", TEXT, re.M)) - 1 > 8  # one is about another application
    for python, html, code in BLOCKS:
        assert code in (SHOP / (python or html)).read_text(), code


def test_every_public_name_and_fixture_is_told() -> None:
    told = set(re.findall(r"\w+", TEXT))
    assert set(quart_auth_app.__all__) - {"Base", "SettingsError"} <= told
    assert {name for name in vars(signals) if isinstance(getattr(signals, name), type(signals.signed_up))} <= told
    assert {"client", "clock"} <= FIXTURES
    assert {name for name in FIXTURES if not name.startswith("_")} <= told


def test_the_list_of_public_names_is_complete() -> None:
    first, second = TEXT.partition("## 12.")[2].split("From `quart_auth_app.testing`")
    assert listed(first) == set(quart_auth_app.__all__)
    assert listed(second) == set(testing.__all__) - FIXTURES


def listed(section: str) -> set[str]:
    """Return the names in the first column of a table."""
    return {name for row in re.findall(r"^\| (`[^|]*) \|", section, re.M) for name in re.findall(r"`(\w+)`", row)}


def test_examples_and_documents_use_public_names_only() -> None:
    texts = {file: file.read_text() for file in [*SHOP.rglob("*.py"), *(ROOT / "docs").glob("*.md")]}
    texts |= {file: file.read_text() for file in (ROOT / "quart_auth_app" / "cli" / "new_site").rglob("*.py.txt")}
    used = [
        (module, name.split(" as ")[0].strip())
        for text in texts.values()
        for module, names in re.findall(r"^ *from (quart_auth_app(?:\.\w+)*) import ([^(\n]+)$", text, re.M)
        for name in names.split(",")
    ]
    public = {"quart_auth_app": quart_auth_app.__all__, "quart_auth_app.testing": testing.__all__}
    assert len(used) > 10
    assert [(module, name) for module, name in used if name not in public.get(module, [])] == []
