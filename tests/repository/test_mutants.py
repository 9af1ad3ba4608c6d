"""The faults of mutants/ours.toml can be put in, and a test is there to notice each; `make mutants` tries them."""

import ast
import importlib
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from docs.write_asvs import PROOF
from mutants.__main__ import ROOT, Mutant, noticing, put_in, read, red_at_all, uncovered, verdict
from mutants.warm import OutsideFunctions, give


def proven() -> Mapping[str, set[str]]:
    """Return the tests that docs/asvs.md names, by requirement; another test sees to it that the page is up to date."""
    lines = re.findall(r"^\| ([\d.]+) \|.*\| Met \| (.*) \|$", PROOF.read_text("utf-8"), re.M)
    return {row: {f"tests/{test}" for test in re.findall(r"\[([\w/]+\.py::\w+)\]", proof)} for row, proof in lines}


@pytest.mark.parametrize("mutant", read(), ids=lambda mutant: f"{mutant.row} {mutant.does}")
def test_the_text_that_a_fault_replaces_is_there_once(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text("utf-8")
    assert source.count(mutant.old) == 1
    broken = source.replace(mutant.old, mutant.new)
    assert broken != source
    if mutant.file.endswith(".py"):
        ast.parse(broken)


def test_a_fault_uses_no_name_that_is_not_there(tmp_path: Path) -> None:
    """Otherwise the code ends with a NameError, which tests notice in place of the fault."""
    for number, mutant in enumerate(each for each in read() if each.file.endswith(".py")):
        broken = (ROOT / mutant.file).read_text("utf-8").replace(mutant.old, mutant.new)
        (tmp_path / f"{number}_for_{mutant.row}.py").write_text(broken, "utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=F821", "--output-format=concise", "."]
    found = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "All checks passed!\n")


@pytest.mark.parametrize("mutant", read(), ids=lambda mutant: f"{mutant.row} {mutant.does}")
def test_a_test_with_the_requirements_mark_is_there_to_notice(mutant: Mutant) -> None:
    assert noticing(mutant, proven())


def test_a_requirement_that_is_met_and_has_neither_fault_nor_reason_is_named() -> None:
    named = [mutant.row for mutant in read()]
    proof = {row: ["tests/test_a.py::test_a"] for row in [*named, "99.1.1"]}
    assert uncovered(read(), proof) == ["99.1.1"]


def test_only_a_red_test_or_one_that_hangs_has_noticed() -> None:
    assert verdict(1 << 8, "1 failed") is None
    assert verdict(signal.SIGABRT, "1 failed in 1.31s\nFatal Python error") is None
    assert verdict(signal.SIGALRM, "") is None
    assert verdict(0, "1 passed") == "SURVIVES"
    for status, output in [
        (0, "1 skipped"),
        (1 << 8, "1 error"),
        (2 << 8, "the import failed"),
        (5 << 8, "no tests ran"),
        (signal.SIGSEGV, ""),
    ]:
        assert str(verdict(status, output)).startswith("the tests don't run")


def test_where_the_tests_were_green_before_an_error_has_noticed_too() -> None:
    for code, output in ((1, "1 failed"), (1, "1 error"), (2, "errors during collection"), (4, "ImportError")):
        assert red_at_all(code << 8, output) is None
    assert red_at_all(signal.SIGALRM, "") is None
    assert red_at_all(0, "1 passed") == "SURVIVES"
    assert str(red_at_all(5 << 8, "no tests ran")).startswith("the tests don't run")


def test_functions_of_a_module_that_is_imported_get_changed_code_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "from functools import cache\nLIMIT = 5\nclass A:\n"
        "    def a(self):\n        return [n < LIMIT for n in (5,)]\n    B = 1\n"
        "@cache\ndef kept():\n    return A().a()\n"
    )
    (file := tmp_path / "broken_on_purpose.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("broken_on_purpose")
    thing = module.A()
    assert module.kept() == [False]
    give(file, source.replace("n < L", "n <= L"))
    assert thing.a() == module.kept() == [True]
    for old, new in (("LIMIT = 5", "LIMIT = 6"), ("B = 1", "B = 2"), ("def a(self)", "def a(self, b=1)")):
        with pytest.raises(OutsideFunctions):
            give(file, source.replace(old, new))


def test_a_text_that_is_not_there_once_is_no_fault(tmp_path: Path) -> None:
    mutant = Mutant(row="1.1.1", does="", file="a.py", old="a", new="b")
    file = tmp_path / "a.py"
    for content in ("", "aa"):
        file.write_text(content)
        with pytest.raises(ValueError, match=r"The text to replace is . times in"):
            put_in(mutant, tmp_path)
