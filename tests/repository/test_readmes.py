"""README.es.md and README.ja.md keep in step with README.md: the same headings, code, tables and links."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text()
OTHERS = sorted(file.name for file in ROOT.glob("README.*.md"))


def headings(text: str) -> list[int]:
    """Return the levels of the headings, in their order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.S), re.M)]


def code(text: str) -> list[str]:
    """Return the blocks of code, word for word."""
    return re.findall(r"^```.*?^```$|(?:^    \S[^\n]*\n)+", text, re.S | re.M)


def names(text: str) -> list[str]:
    """Return what the rows of all tables are about: their first cells, but for the tables' heads."""
    return re.findall(r"^\| ((?:[A-Z, ]+ )?`[^|]*`) \|", text, re.M)


def quoted(text: str) -> set[str]:
    """Return what stands in backticks outside of tables and of blocks of code: names, commands, values."""
    plain = re.sub(r"^```.*?^```$|^\|.*$", "", text, flags=re.S | re.M)
    return set(re.findall(r"`([^`\n]+)`", plain))


def links(text: str) -> set[str]:
    """Return where the links lead; each README links the other two."""
    return {url for url in re.findall(r"\]\(([^)]+)\)", text) if not url.startswith("README")}


def test_it_is_there_in_each_language() -> None:
    assert OTHERS == ["README.es.md", "README.ja.md"]
    for name in ("README.md", *OTHERS):
        others = set(re.findall(r"\]\((README[\w.]*\.md)\)", (ROOT / name).read_text()))
        assert others == {"README.md", *OTHERS} - {name}


@pytest.mark.parametrize("name", OTHERS)
def test_it_says_the_same(name: str) -> None:
    text = (ROOT / name).read_text()
    assert headings(text) == headings(ENGLISH)
    assert code(text) == code(ENGLISH)
    assert names(text) == names(ENGLISH)
    assert quoted(text) == quoted(ENGLISH)
    assert links(text) == links(ENGLISH)
