"""Small pictures of numbers: bars for each day, as inline SVG without a script or a style attribute."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 300, 60
"""Units of the picture, which is as wide as its place."""

GAP = 2
"""Units between two bars."""


@dataclass(frozen=True)
class Bar:
    """A rectangle, in the picture's units; `series` is the number of the row of numbers that it stands for."""

    series: int
    x: float
    y: float
    width: float
    height: float


def bars(*series: Sequence[int]) -> list[Bar]:
    """Return a bar for each number that is not 0. Those of the same day stand on each other, the first below."""
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
