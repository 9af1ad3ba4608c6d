"""The application's targets: ratios and times within one run. Only the ratios are similar on other machines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.results import Figure, Results
from bench.subjects import (
    BARE_QUART,
    BCRYPT,
    DJANGO_ON_POSTGRESQL,
    EVERYTHING,
    GRANIAN,
    GRANIAN_ON_POSTGRESQL,
    OURS,
    OURS_ON_POSTGRESQL,
    TUTORIAL,
    TUTORIAL_ON_POSTGRESQL,
    UVICORN,
    UVICORN_ON_POSTGRESQL,
    Subject,
)

MEGABYTE = 1024 * 1024
KINDS = ("SQLite", "PostgreSQL")
"""What the names of the databases for growth begin with."""


@dataclass(frozen=True)
class Target:
    """A target. Its bound is compared with the median, in the unit that is shown."""

    what: str
    figure: Callable[[Results], Figure | None]
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    units: float = 1.0
    """The factor from the measured unit to the shown unit."""


@dataclass(frozen=True)
class Outcome:
    """The result of a target."""

    what: str
    target: str
    measured: str
    reached: bool


def _ratio(
    measure: str, quantity: str, to: str, *, ours: tuple[Subject, ...] = (OURS,)
) -> Callable[[Results], Figure | None]:
    """Return the ratio to `to`; if several of our servers are given, the ratio of the fastest."""

    def ratio(results: Results) -> Figure | None:
        found = [results.ratio(measure, each.name, quantity, to=to) for each in ours]
        return max((each for each in found if each), key=lambda figure: figure.median, default=None)

    return ratio


def _median(measure: str, quantity: str, ours: Subject = OURS) -> Callable[[Results], Figure | None]:
    return lambda results: results.figure(measure, ours.name, quantity)


def _worst(measure: str, quantity: str) -> Callable[[Results], Figure | None]:
    def worst(results: Results) -> Figure | None:
        figure = results.figure(measure, OURS.name, quantity)
        return figure and Figure((figure.high,))

    return worst


def _growth(results: Results) -> Figure | None:
    """Return the largest of all costs, each divided by the cost with the smallest database of its kind."""
    found = [ratio.median for _, _, ratio in growth(results) if ratio]
    return Figure((max(found),)) if found else None


def growth(results: Results) -> Iterator[tuple[str, str, Figure | None]]:
    """Yield the database, the quantity, and its cost divided by the cost with the smallest database."""
    for kind in KINDS:
        first, *others = [who for who in results.who("growth") if who.startswith(kind)] or [""]
        for other in others:
            for quantity in ("profile", "log_ins"):
                yield other, quantity, results.ratio("growth", first, quantity, to=other)


FASTEST = (UVICORN, GRANIAN)
FASTEST_ON_POSTGRESQL = (UVICORN_ON_POSTGRESQL, GRANIAN_ON_POSTGRESQL)


def _pages() -> Iterator[Target]:
    """Yield the targets of the pages: each under hypercorn, then under the fastest of the other servers."""
    for path, hypercorn, fastest in (("/", 1.1, 1.5), ("/login", 1.05, 1.4), ("/profile", 1.7, 2.2)):
        what = f"`{path}`, against the tutorial" + (", SQLite" if path == "/profile" else "")
        yield Target(what, _ratio("pages", path, TUTORIAL.name), at_least=hypercorn, unit=" x")
        other = _ratio("pages", path, TUTORIAL.name, ours=FASTEST)
        yield Target(f"the same, under uvicorn or granian: `{path}`", other, at_least=fastest, unit=" x")
    for peer, name in ((TUTORIAL_ON_POSTGRESQL, "the tutorial"), (DJANGO_ON_POSTGRESQL, "Django")):
        own = _ratio("pages", "/profile", peer.name, ours=(OURS_ON_POSTGRESQL,))
        yield Target(f"`/profile`, against {name}, both on PostgreSQL", own, at_least=1.5, unit=" x")
        other = _ratio("pages", "/profile", peer.name, ours=FASTEST_ON_POSTGRESQL)
        yield Target(f"the same against {name}, under uvicorn or granian", other, at_least=2.0, unit=" x")
    yield Target("`/`, against a bare Quart route", _ratio("pages", "/", BARE_QUART.name), at_least=0.85, unit=" x")
    for path in ("/", "/login", "/profile"):
        own = _ratio("pages", path, OURS.name, ours=(EVERYTHING,))
        yield Target(f"`{path}` with everything on, against without", own, at_least=0.95, unit=" x")


def _log_ins(subject: Subject) -> Callable[[Results], Figure | None]:
    return _ratio("log-ins", "rate", BCRYPT.alone, ours=(subject,))


TARGETS = (
    *_pages(),
    Target("log-ins, of bare bcrypt, SQLite", _log_ins(OURS), at_least=97, unit=" %", units=100),
    Target("log-ins, of bare bcrypt, PostgreSQL", _log_ins(OURS_ON_POSTGRESQL), at_least=96, unit=" %", units=100),
    Target("`/` p99 under the storm of 16", _median("storm-16", "p99"), at_most=10, unit=" ms", units=1000),
    Target("`/` p99 under the storm of 200", _median("storm-200", "p99"), at_most=20, unit=" ms", units=1000),
    Target("slowest refusal, storm of 200", _worst("storm-200", "slowest"), at_most=1000, unit=" ms", units=1000),
    Target("refused otherwise than by 503 or 429, storm of 200", _worst("storm-200", "lost"), at_most=0),
    Target("growth: the dearest of all", _growth, at_most=1.1, unit=" x"),
    Target("start to first answer, everything on", _median("pages", "start", EVERYTHING), at_most=1.5, unit=" s"),
    Target(
        "memory of a worker (RSS), everything on",
        _median("pages", "rss", EVERYTHING),
        at_most=100,
        unit=" MB",
        units=1 / MEGABYTE,
    ),
)


def outcomes(results: Results) -> Iterator[Outcome]:
    """Compare each target with the results; targets that were not measured are left out."""
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
