"""The measured values of all rounds, and their medians, ratios and percentiles."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Figure:
    """The values of one quantity in all rounds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    @property
    def low(self) -> float:
        """The smallest one."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The largest one."""
        return max(self.values)


@dataclass
class Results:
    """Values by measure, subject and quantity."""

    _values: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, measure: str, who: str, **quantities: float) -> None:
        """Add one round's values."""
        for quantity, value in quantities.items():
            self._values[measure, who, quantity].append(value)

    def figure(self, measure: str, who: str, quantity: str) -> Figure | None:
        """Return the values of all rounds, None if there are none."""
        values = self._values.get((measure, who, quantity))
        return Figure(tuple(values)) if values else None

    def ratio(self, measure: str, who: str, quantity: str, *, to: str) -> Figure | None:
        """Return each round's value divided by that of `to` in the same round.

        Rounds in which the value of `to` was 0 are left out. Returns None if none remain.
        """
        own, other = self.figure(measure, who, quantity), self.figure(measure, to, quantity)
        if not own or not other:
            return None
        ratios = tuple(mine / theirs for mine, theirs in zip(own.values, other.values, strict=False) if theirs)
        return Figure(ratios) if ratios else None

    def who(self, measure: str) -> list[str]:
        """Return the subjects that a measure has values of, in the order of their first appearance."""
        return list(dict.fromkeys(who for each, who, _ in self._values if each == measure))


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that at least `percent` per cent of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else math.inf
