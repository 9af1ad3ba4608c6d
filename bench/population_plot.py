"""The curves of docs/scale.md: `python -m bench.population_plot` writes docs/scale.svg."""

from collections.abc import Callable
from math import log10

from bench import population
from bench.plot import STYLE
from bench.subjects import ROOT

FROM, TO = 5, 9
"""Powers of ten of the accounts, from left to right."""

LOW, HIGH = -3, 5
"""Powers of ten from bottom to top."""

LEFT, TOP, WIDTH, HEIGHT = 70, 20, 460, 440
CURVES: dict[str, Callable[[int], float]] = {
    "cores of the application": lambda accounts: population.busiest(accounts).cores() / population.USED,
    "cores of the database": lambda accounts: population.busiest(accounts).database_cores() / population.USED,
    "size of the database, GB": lambda accounts: population.database_bytes(accounts) / 1e9,
    "rows written in a second": lambda accounts: population.busiest(accounts).rows(),
}
OWN_STYLE = ".grid { stroke: #9aa7b5; stroke-width: 0.5 } .curve { fill: none; stroke: #00846b; stroke-width: 2 }"


def svg() -> str:
    """Return the plot: what a site needs, by its number of accounts, with two logarithmic axes."""
    title = "What a site needs in its busiest hour, by its accounts"
    size = f'width="760" height="{TOP + HEIGHT + 50}" viewBox="0 0 760 {TOP + HEIGHT + 50}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" {size}>\n<title>{title}</title>']
    parts.append(f"<style>{STYLE}\n{OWN_STYLE}\n</style>")
    for power in range(FROM, TO + 1):
        x = _x(power)
        parts.append(f'<line class="grid" x1="{x:.0f}" x2="{x:.0f}" y1="{TOP}" y2="{TOP + HEIGHT}"/>')
        parts.append(f'<text x="{x:.0f}" y="{TOP + HEIGHT + 20}" text-anchor="middle">{_number(power)}</text>')
    for power in range(LOW, HIGH + 1):
        y = _y(power)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.0f}" y2="{y:.0f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{_number(power)}</text>')
    parts.append(f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 42}" text-anchor="middle">accounts</text>')
    for name, need in CURVES.items():
        ends = [(_x(power), _y(log10(need(10**power)))) for power in (FROM, TO)]
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in ends)
        parts.append(f'<polyline class="curve" points="{points}"/>')
        parts.append(f'<text x="{LEFT + WIDTH + 8}" y="{ends[1][1] + 4:.0f}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _x(power: float) -> float:
    return LEFT + WIDTH * (power - FROM) / (TO - FROM)


def _y(power: float) -> float:
    return TOP + HEIGHT * (1 - (power - LOW) / (HIGH - LOW))


def _number(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"


if __name__ == "__main__":
    (ROOT / "docs" / "scale.svg").write_text(svg())
