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
BLOCKS = re.findall(r"```\w+\n(?:# (\S+)|\{# (\S+) #\})\n(.*?)```", TEXT, re.S)


@pytest.mark.slow
def test_the_shops_own_tests_pass_with_warnings_as_errors() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=SHOP, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "warning" not in run.stdout


def test_every_piece_of_code_stands_in_the_shop_word_for_word() -> None:
    assert len(BLOCKS) == len(re.findall(r"^```\w", TEXT, re.M)) - 1 > 8  # one is about another application
    for python, html, code in BLOCKS:
        assert code in (SHOP / (python or html)).read_text(), code


def test_every_public_name_and_fixture_is_told() -> None:
    told = set(re.findall(r"\w+", TEXT))
    assert set(quart_auth_app.__all__) - {"Base", "SettingsError"} <= told
    assert {name for name in vars(signals) if isinstance(getattr(signals, name), type(signals.signed_up))} <= told
    fixtures = {name for name, value in vars(testing).items() if type(value).__name__ == "FixtureFunctionDefinition"}
    assert fixtures >= {"client", "clock"}
    assert {name for name in fixtures if not name.startswith("_")} <= told
