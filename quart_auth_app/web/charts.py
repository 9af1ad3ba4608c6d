"""Small bar charts of daily numbers, as inline SVG without a script or a style attribute."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 300, 60
"""Size of the SVG's view box, in its own units; the page scales it."""

GAP = 2
"""Units between two bars."""


@dataclass(frozen=True)
class Bar:
    """A rectangle, in units of the view box; `series` is the index of its series."""

    series: int
    x: float
    y: float
    width: float
    height: float


def bars(*series: Sequence[int]) -> list[Bar]:
    """Return a bar for each number that is not 0. Bars of one day are stacked, the first series at the bottom."""
    totals = [sum(numbers) for numbers in zip(*series, strict=True)]
    step, most, found = WIDTH / len(totals), max(totals) or 1, []
    for day in range(len(totals)):
        y = float(HEIGHT)
        for number, row in enumerate(series):
            height = row[day] * HEIGHT / most
            y -= height
            if height:
                found.append(Bar(number, round(day * step, 2), round(y, 2), round(step - GAP, 2), round(height, 2)))
    return found
