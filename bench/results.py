"""What was measured, round by round, and what it comes to."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Figure:
    """Several rounds' values of one thing."""

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
    """Values by measure, whose they are, and quantity."""

    _values: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, measure: str, who: str, **quantities: float) -> None:
        """Note one round's values."""
        for quantity, value in quantities.items():
            self._values[measure, who, quantity].append(value)

    def figure(self, measure: str, who: str, quantity: str) -> Figure | None:
        """Return the values of all rounds, None if there are none."""
        values = self._values.get((measure, who, quantity))
        return Figure(tuple(values)) if values else None

    def ratio(self, measure: str, who: str, quantity: str, *, to: str) -> Figure | None:
        """Return each round's value in proportion to that of `to` in the same round: what the rounds alternate for.

        A round in which the other's value was nothing doesn't count; None if none does.
        """
        own, other = self.figure(measure, who, quantity), self.figure(measure, to, quantity)
        if not own or not other:
            return None
        ratios = tuple(mine / theirs for mine, theirs in zip(own.values, other.values, strict=False) if theirs)
        return Figure(ratios) if ratios else None

    def who(self, measure: str) -> list[str]:
        """Return whose values a measure has, in the order of their first appearance."""
        return list(dict.fromkeys(who for each, who, _ in self._values if each == measure))


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the value that `percent` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else math.inf
