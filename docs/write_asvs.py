"""Write docs/asvs.md, the proof of OWASP ASVS 5.0: `make asvs`; with --check only tell whether it is out of date.

docs/asvs.toml has the requirements. Which are met is said by the tests that prove it, with @pytest.mark.asvs("7.2.4").
mutants/survivors.toml has the faults that no test notices.
"""

import argparse
import io
import os
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROWS = ROOT / "docs" / "asvs.toml"
PROOF = ROOT / "docs" / "asvs.md"
SURVIVORS = ROOT / "mutants" / "survivors.toml"

Marked = Mapping[str, Collection[str]]
"""The tests that prove a requirement, as tests/file.py::name, by the requirement's id."""

CHAPTERS = {
    1: "Encoding and injection",
    2: "Validation and business logic",
    3: "Web frontend",
    4: "HTTP",
    6: "Authentication",
    7: "Sessions",
    8: "Authorization",
    9: "Self-contained tokens",
    10: "OAuth and OpenID Connect",
    11: "Cryptography",
    12: "Secure communication",
    13: "Configuration",
    14: "Data protection",
    15: "Secure coding and architecture",
    16: "Logging and error handling",
}
"""Those of ASVS that concern this application."""

MET, DOCUMENTED, NOT_APPLICABLE, OPEN = STATUSES = ("Met", "Documented", "Not applicable", "Open")

HEADS = ["ID", "Level", "Requirement", "Status", "Proof"]

INTRO = """\
# OWASP ASVS 5.0, requirement by requirement

Written by `make asvs`; don't edit it. Every requirement of levels 1 and 2 of the
[Application Security Verification Standard](https://owasp.org/www-project-application-security-verification-standard/)
stands here in our own words, and those of level 3 that are worth doing. *Met*: the tests named prove it. *Documented*:
it asks for a decision or a document, which is there. *Not applicable*: it concerns what this application doesn't have;
many such rows bind a feature when it comes. *Open*: not done yet, and why. For each that is met, `make mutants` puts in
a fault that these tests have to notice, or the row says why there is none. Two chapters are left out whole: there are
no files to upload (V5) and no WebRTC (V17).
"""


FAULTS = """\
## Faults that no test notices

cosmic-ray's mutations of the code that survived the general run, and why none of them needs a test.
[security.md](security.md#faults-put-in-on-purpose) says which files were tried, and how many ways.
"""


class NoProof(Exception):
    """The rows and the tests don't go together. Each line of the message says where."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One requirement. At most one of `documented`, `not_applicable` and `open` is given, and none when
    tests alone prove it."""

    id: str
    level: int
    requirement: str
    documented: str | None = None
    """The place, as docs/security.md#limits."""
    not_applicable: str | None = None
    """Why it doesn't concern us."""
    open: str | None = None
    """Why it isn't done yet."""
    no_fault: str | None = None
    """Why mutants/ours.toml has no fault that breaks it, though tests prove it."""

    @property
    def number(self) -> tuple[int, ...]:
        """The id as numbers, so that 1.10 comes after 1.9."""
        return tuple(map(int, self.id.split(".")))


def read_rows(source: str) -> list[Row]:
    """Return the rows of asvs.toml in order. Raises TypeError if a key is missing, or is none of Row's."""
    rows = [Row(id=name, **fields) for name, fields in tomllib.loads(source).items()]
    return sorted(rows, key=lambda row: row.number)


@dataclass(frozen=True, kw_only=True)
class Survivor:
    """A fault of the general run that no test notices, and why it may stay."""

    file: str
    fault: str
    reason: str

    def __post_init__(self) -> None:
        """Raise ValueError if the file is not there or nothing is said."""
        if not (ROOT / self.file).is_file() or not self.fault.strip() or not self.reason.strip():
            raise ValueError(
                f"{self.file}: {self.fault or 'a fault without a word'} needs a file that is there and a reason"
            )


def read_survivors(source: str) -> list[Survivor]:
    """Return what survivors.toml says. Raises TypeError or ValueError where a key, a reason or the file is missing."""
    return [Survivor(**fields) for fields in tomllib.loads(source)["survivor"]]


def problems(rows: Iterable[Row], marked: Marked) -> list[str]:
    """Return a sentence for everything that keeps the rows and the tests from being a proof."""
    by_id = {row.id: row for row in rows}
    found = [
        f"{test} is marked with {name}, which is not in asvs.toml."
        for name in sorted(marked.keys() - by_id.keys())
        for test in sorted(marked[name])
    ]
    for row in by_id.values():
        found += _problems_of(row, marked.get(row.id, ()))
    return found


def _problems_of(row: Row, tests: Collection[str]) -> Iterable[str]:
    given = [name for name in ("documented", "not_applicable", "open") if getattr(row, name) is not None]
    if row.number[0] not in CHAPTERS:
        yield f"{row.id} belongs to no chapter that write_asvs.py knows."
    if not given and not tests:
        yield f"{row.id} is open without a reason: no test is marked with it, and asvs.toml says nothing about it."
    if len(given) > 1:
        yield f"{row.id} can't be {' and '.join(given)} at once."
    for name in given:
        if not str(getattr(row, name)).strip():
            yield f"{row.id} is {name} without a word about it."
        if name != "documented" and tests:
            yield f"{row.id} is {name} and yet proven by {min(tests)}; drop the one or the other."
    if row.no_fault is not None and not (row.no_fault.strip() and tests):
        yield f"{row.id} says why no fault breaks it, and either no test proves it or there is no reason."


def status(row: Row, marked: Marked) -> str:
    """Return how the requirement stands."""
    if marked.get(row.id):
        return MET
    return DOCUMENTED if row.documented else NOT_APPLICABLE if row.not_applicable else OPEN


def render(rows: Iterable[Row], marked: Marked, survivors: Sequence[Survivor] = ()) -> str:
    """Return the whole of asvs.md. Raises NoProof."""
    rows = sorted(rows, key=lambda row: row.number)
    if found := problems(rows, marked):
        raise NoProof("\n".join(found))
    parts = [INTRO, _table(["Level", *STATUSES], _counts(rows, marked))]
    for chapter, group in groupby(rows, key=lambda row: row.number[0]):
        lines = [[row.id, str(row.level), row.requirement, status(row, marked), _proof(row, marked)] for row in group]
        parts += [
            f"## V{chapter} {CHAPTERS[chapter]}\n",
            _table(["ID", "Level", "Requirement", "Status", "Proof"], lines),
        ]
    if survivors:
        lines = [[_link(each.file, each.file), each.fault, each.reason] for each in survivors]
        parts += [FAULTS, _table(["File", "Fault", "Why it may stay"], lines)]
    return "\n".join(parts)


def _counts(rows: list[Row], marked: Marked) -> list[list[str]]:
    of_level = [(str(level), [row for row in rows if row.level == level]) for level in (1, 2, 3)]
    return [
        [name, *(str(sum(status(row, marked) == each for row in group)) for each in STATUSES)]
        for name, group in [*of_level, ("All", rows)]
    ]


def _table(heads: list[str], lines: list[list[str]]) -> str:
    cells = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in line] for line in lines)]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _proof(row: Row, marked: Marked) -> str:
    places = [_link(test.removeprefix("tests/"), test.partition("::")[0]) for test in sorted(marked.get(row.id, ()))]
    if row.documented:
        places.append(_link(row.documented, row.documented))
    if row.no_fault:
        places.append(f"No fault is put in: {row.no_fault}")
    return "<br>".join(places) or row.not_applicable or row.open or ""


def _link(text: str, target: str) -> str:
    return f"[{text}]({target.removeprefix('docs/') if target.startswith('docs/') else f'../{target}'})"


class _Collector:
    """Notes the markers of every test that pytest finds."""

    def __init__(self) -> None:
        self.marked: dict[str, set[str]] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note the markers of one test; all its parameters are one."""
        for marker in item.iter_markers("asvs"):
            for name in marker.args:
                self.marked.setdefault(name, set()).add(item.nodeid.partition("[")[0])


def collect() -> Marked:
    """Return what the markers of all tests say. Raises NoProof where the tests can't be read."""
    os.environ.pop("PYTEST_ADDOPTS", None)  # whoever runs a part of the tests still gets the whole proof
    os.environ.pop("TEST_POSTGRES_URL", None)  # marks are the same for both databases: half as many tests to collect
    collector, output = _Collector(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        code = pytest.main(
            ["--collect-only", "-qqq", "-p", "no:cacheprovider", f"--rootdir={ROOT}", str(ROOT / "tests")], [collector]
        )
    if code != pytest.ExitCode.OK:
        raise NoProof(f"pytest can't collect the tests:\n{output.getvalue()}")
    return collector.marked


def main() -> str | None:
    """Write the file, or with --check only read it; return a sentence if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m docs.write_asvs")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is not as it would be")
    check = parser.parse_args().check
    try:
        text = render(read_rows(ROWS.read_text("utf-8")), collect(), read_survivors(SURVIVORS.read_text("utf-8")))
    except NoProof as error:
        return str(error)
    if not check:
        PROOF.write_text(text, "utf-8", newline="\n")
    elif not PROOF.exists() or PROOF.read_text("utf-8") != text:
        return "docs/asvs.md is out of date; `make asvs` writes it anew."
    return None


if __name__ == "__main__":
    sys.exit(main())
