"""What the application is to reach: ratios and times within one run. Only the ratios carry over to other machines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.results import Figure, Results
from bench.subjects import BARE_BCRYPT, OURS, TUTORIAL

MEGABYTE = 1024 * 1024
KINDS = ("SQLite", "PostgreSQL")
"""How the names of growth's databases begin."""


@dataclass(frozen=True)
class Target:
    """One line of the list. The bound is compared with the median in the unit that is shown."""

    what: str
    figure: Callable[[Results], Figure | None]
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    units: float = 1.0
    """How many of the shown unit are one of what was measured."""


@dataclass(frozen=True)
class Outcome:
    """What came of a target."""

    what: str
    target: str
    measured: str
    reached: bool


def _ratio(measure: str, quantity: str, to: str) -> Callable[[Results], Figure | None]:
    return lambda results: results.ratio(measure, OURS.name, quantity, to=to)


def _median(measure: str, quantity: str) -> Callable[[Results], Figure | None]:
    return lambda results: results.figure(measure, OURS.name, quantity)


def _worst(measure: str, quantity: str) -> Callable[[Results], Figure | None]:
    def worst(results: Results) -> Figure | None:
        figure = results.figure(measure, OURS.name, quantity)
        return figure and Figure((figure.high,))

    return worst


def _growth(results: Results) -> Figure | None:
    """Return the worst cost of all, each in proportion to that with the smallest database of its kind."""
    found = [ratio.median for _, _, ratio in growth(results) if ratio]
    return Figure((max(found),)) if found else None


def growth(results: Results) -> Iterator[tuple[str, str, Figure | None]]:
    """Give the database, the quantity, and what one of it costs in proportion to the smallest database's."""
    for kind in KINDS:
        first, *others = [who for who in results.who("growth") if who.startswith(kind)] or [""]
        for other in others:
            for quantity in ("profile", "log_ins"):
                yield other, quantity, results.ratio("growth", first, quantity, to=other)


TARGETS = (
    Target("`/`, against the tutorial", _ratio("pages", "/", TUTORIAL.name), at_least=1.0, unit=" x"),
    Target("`/profile`, against the tutorial", _ratio("pages", "/profile", TUTORIAL.name), at_least=1.5, unit=" x"),
    Target("log-ins, of bare bcrypt", _ratio("log-ins", "rate", BARE_BCRYPT), at_least=95, unit=" %", units=100),
    Target("`/` p99 under the storm of 16", _median("storm-16", "p99"), at_most=30, unit=" ms", units=1000),
    Target("`/` p99 under the storm of 200", _median("storm-200", "p99"), at_most=100, unit=" ms", units=1000),
    Target("slowest refusal, storm of 200", _worst("storm-200", "slowest"), at_most=1000, unit=" ms", units=1000),
    Target("refused otherwise than by 503 or 429, storm of 200", _worst("storm-200", "lost"), at_most=0),
    Target("growth: the dearest of all", _growth, at_most=1.1, unit=" x"),
    Target("start to first answer", _median("pages", "start"), at_most=1.5, unit=" s"),
    Target("memory of a worker (RSS)", _median("pages", "rss"), at_most=90, unit=" MB", units=1 / MEGABYTE),
)


def outcomes(results: Results) -> Iterator[Outcome]:
    """Compare; what was not measured is left out."""
    for target in TARGETS:
        if figure := target.figure(results):
            yield _outcome(target, figure.median * target.units)


def _outcome(target: Target, measured: float) -> Outcome:
    if target.at_least is not None:
        sign, bound, reached = "≥", target.at_least, measured >= target.at_least
    else:
        bound = target.at_most or 0.0
        sign, reached = "≤", measured <= bound
    return Outcome(target.what, f"{sign} {bound:g}{target.unit}", f"{measured:.3g}{target.unit}", reached)
