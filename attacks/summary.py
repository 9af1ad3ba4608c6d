"""The summary: a table on the terminal as the run goes, and a section of docs/security.md at its end."""

import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from textwrap import fill

from attacks.attack import Attack, Verdict

HEADING = "## Attacked for real"
INTRODUCTION = (
    "`make attack` runs these attacks on this machine alone, each first against a build broken on purpose, where it "
    "has to succeed, and then against the application. “Limits raised” means that attempts are not limited and hashes "
    "are cheap, as most requests would otherwise end at a 429."
)
WIDTH = 120

_SECTION = re.compile(rf"^{HEADING}\n.*?(?=^## |\Z)", re.M | re.S)


@dataclass(frozen=True)
class Row:
    """One attack and what came of it on both targets."""

    attack: Attack
    broken: Verdict
    ours: Verdict
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether the attack found the fault of its broken build, and none in the application."""
        return self.bites and self.holds

    @property
    def bites(self) -> bool:
        """Whether the attack found what is broken on purpose."""
        return self.broken.broken and self.broken.attempts > 0

    @property
    def holds(self) -> bool:
        """Whether it ran against the application, and found nothing."""
        return not self.ours.broken and self.ours.attempts > 0

    def __str__(self) -> str:
        bites = "bites" if self.bites else "DOES NOT BITE"
        holds = "holds" if self.holds else "DOES NOT HOLD"
        return (
            f"{self.attack.name} ({self.seconds:.0f} s)\n"
            f"  broken build ({self.attack.how_broken}): {bites}; {self.broken.attempts} sent; {self.broken.finding}\n"
            f"  ours: {holds}; {self.ours.attempts} sent; {self.ours.finding}"
        )


def markdown(rows: list[Row], tools: dict[str, str]) -> str:
    """Return the section."""
    used = tools | {"hypercorn": version("hypercorn"), "Quart": version("quart"), "Python": platform.python_version()}
    last = f"Last run: {datetime.now(UTC):%Y-%m-%d}, with {', '.join(f'{name} {each}' for name, each in used.items())}."
    lines = [
        f"{HEADING}\n",
        fill(INTRODUCTION, WIDTH) + "\n",
        fill(last, WIDTH) + "\n",
        "| Attack | What is done | Sent | Broken build | The application |",
        "|---|---|---|---|---|",
    ]
    return "\n".join(lines + [_line(row) for row in rows]) + "\n"


def _line(row: Row) -> str:
    broken = f"{'' if row.bites else '**Does not bite.** '}{row.attack.how_broken}: {row.broken.finding}"
    ours = f"{'' if row.holds else '**Does not hold.** '}{row.ours.finding}"
    cells = (row.attack.name, row.attack.does, str(row.ours.attempts), broken, ours)
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def put_in(rows: list[Row], path: Path) -> None:
    """Replace the rows of these attacks, or add them at the end; the other rows stay."""
    text = path.read_text()
    for row in rows:
        found = _SECTION.search(text)
        if not found:
            raise SystemExit(f"{path} has no table of attacks yet; make attack writes it.")
        section, line = found[0].rstrip("\n"), _line(row)
        earlier = re.search(rf"^\| {re.escape(row.attack.name)} \|.*$", section, re.M)
        after = section.replace(earlier[0], line) if earlier else f"{section}\n{line}"
        text = text.replace(section, after)
    path.write_text(text)


def write(section: str, path: Path) -> None:
    """Put the section in place of the last run's, or at the end of the file."""
    before = path.read_text() if path.exists() else ""
    if _SECTION.search(before):
        after = _SECTION.sub(lambda _match: section + "\n", before).rstrip("\n") + "\n"
    else:
        after = (before + "\n" if before else "") + section
    path.write_text(after)
