"""Tables in Markdown: medians, with the smallest and the largest round in brackets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.clients import RETRY_AFTER
from bench.http_client import PATIENCE
from bench.probe import EVERY
from bench.results import Figure, Results
from bench.subjects import (
    DJANGO_ON_POSTGRESQL,
    ON_POSTGRESQL,
    OURS,
    QUART_SECURITY_ON_POSTGRESQL,
    SUBJECTS,
    TUTORIAL,
    TUTORIAL_ON_POSTGRESQL,
)
from bench.targets import MEGABYTE, growth, outcomes
from bench.wrk import CONNECTIONS

NONE = "-"


@dataclass(frozen=True)
class Table:
    """One table with its heading, and a note on how it was measured."""

    title: str
    note: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        lines = [list(self.heads), ["---", *["---:"] * (len(self.heads) - 1)], *map(list, self.rows)]
        return f"## {self.title}\n\n{self.note}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def tables(results: Results) -> list[Table]:
    """Return all tables that have values."""
    every = [_targets(results), _pages(results), _on_postgresql(results), _languages(results), _processes(results)]
    every += [_log_ins(results), _storm(results, 16), _storm(results, 200), _idle(results), _growth(results)]
    return [table for table in every if table.rows]


def _targets(results: Results) -> Table:
    rows = [(each.what, each.target, each.measured, "yes" if each.reached else "**no**") for each in outcomes(results)]
    note = (
        "Unless a line says otherwise, ours is under hypercorn and on SQLite, and the tutorial is on SQLite. "
        "Everything on: mail, log-in by mail, a provider, metrics. Medians; refusals and growth: the worst."
    )
    return Table("Targets", note, ("", "target", "measured", "reached"), rows)


def _pages(results: Results) -> Table:
    paths = ("/", "/login", "/profile")
    rows = []
    for who in results.who("pages"):
        if who in {each.name for each in ON_POSTGRESQL}:
            continue
        cells = [who]
        for path in paths:
            ratio = results.ratio("pages", who, path, to=TUTORIAL.name)
            cells += [_spread(results.figure("pages", who, path), "{:,.0f}"), _spread(ratio, "{:.2f}")]
        cells.append(" / ".join(_middle(results.figure("pages", who, f"{path} bytes"), "{:.0f}") for path in paths))
        rows.append(cells)
    note = (
        f"Requests per second on SQLite, one worker on one core, {CONNECTIONS} connections of wrk on another; `x` is "
        f"the ratio to {TUTORIAL.name} in the same round. `/profile` is logged in: the session or user is looked up."
    )
    return Table("Pages", note, ("", "`/`", "x", "`/login`", "x", "`/profile`", "x", "bytes"), rows)


def _on_postgresql(results: Results) -> Table:
    peers = (TUTORIAL_ON_POSTGRESQL, DJANGO_ON_POSTGRESQL, QUART_SECURITY_ON_POSTGRESQL)
    rows = [
        (
            who,
            _spread(results.figure("pages", who, "/profile"), "{:,.0f}"),
            *(_spread(results.ratio("pages", who, "/profile", to=peer.name), "{:.2f}") for peer in peers),
        )
        for who in results.who("pages")
        if who in {each.name for each in ON_POSTGRESQL}
    ]
    note = "`/profile` per second, logged in, as above; and its ratios to each peer on the same PostgreSQL."
    heads = ("", "`/profile`", *(f"x, to {peer.name.partition(',')[0]}" for peer in peers))
    return Table("Pages on PostgreSQL", note, heads, rows)


def _languages(results: Results) -> Table:
    rows = [
        (
            f"`/login` in {language}",
            _spread(results.figure("languages", language, "rate"), "{:,.0f}"),
            _spread(results.ratio("languages", language, "rate", to="English"), "{:.2f}"),
        )
        for language in results.who("languages")
    ]
    note = f"Requests per second for {OURS.name}, as above; `x` is the ratio to English in the same round."
    return Table("Languages", note, ("", "requests/s", "x"), rows)


def _processes(results: Results) -> Table:
    rows = [
        (
            who,
            _spread(results.figure("pages", who, "start"), "{:.2f}"),
            *(_spread(results.figure("pages", who, each), "{:.0f}", 1 / MEGABYTE) for each in ("rss", "pss", "all")),
        )
        for who in results.who("pages")
    ]
    note = (
        "Seconds from the start of the process to the first 200 of `/`, on one core; after the load above, the memory "
        "of the worker and of all the server's processes in MB (PSS: shared pages counted in proportion)."
    )
    return Table("Start and memory", note, ("", "start, s", "worker RSS", "worker PSS", "all PSS"), rows)


def _log_ins(results: Results) -> Table:
    hashes = {each.name: each.hash for each in SUBJECTS if each.hash}
    hashes |= {each.alone: each for each in hashes.values()}
    rows = []
    for who in results.who("log-ins"):
        ratio = results.ratio("log-ins", who, "rate", to=hashes[who].alone)
        lost = _middle(results.figure("log-ins", who, "lost"), "{:.0f}")
        rate = _spread(results.figure("log-ins", who, "rate"), "{:.2f}")
        rows.append((who, hashes[who].name, rate, _spread(ratio, "{:.0%}"), lost))
    note = (
        "16 clients, each from an address of its own; one worker that may use all cores. The default hashes differ. So "
        "compare the log-ins as a share of the same hashes that all cores could check if they did nothing else."
    )
    return Table("Log-ins per second", note, ("", "hash", "log-ins/s", "of its bare hash", "failed"), rows)


def _storm(results: Results, clients: int) -> Table:
    measure = f"storm-{clients}"
    rows = [
        (
            who,
            *(_spread(results.figure(measure, who, each), "{:,.0f}", 1000) for each in ("p50", "p99", "max")),
            _middle(results.figure(measure, who, "rate"), "{:.1f}"),
            _middle(results.figure(measure, who, "refused"), "{:.0f}"),
            _middle(results.figure(measure, who, "slowest"), "{:,.0f}", 1000),
            _middle(results.figure(measure, who, "lost"), "{:.0f}"),
        )
        for who in results.who(measure)
    ]
    note = (
        f"Milliseconds that `/` takes while {clients} clients log in. It is asked for every {EVERY * 1000:.0f} ms on a "
        f"new connection, and counted from when it was due; no 200 within {PATIENCE:.0f} s is shown as ∞. One worker "
        f"that may use all cores. Refused: 503 or 429, tried again after about {RETRY_AFTER:.0f} s; lost: the rest."
    )
    heads = ("", "p50", "p99", "max", "log-ins/s", "refused", "slowest refusal", "lost")
    return Table(f"A storm of {clients} log-in clients", note, heads, rows)


def _idle(results: Results) -> Table:
    rows = [
        (
            who,
            _middle(results.figure("idle", who, "alive"), "{:,.0f}"),
            _spread(results.figure("idle", who, "each"), "{:.1f}", 1 / 1024),
            *(_spread(results.figure("idle", who, each), "{:.1f}", 1000) for each in ("p50", "p99", "max")),
        )
        for who in results.who("idle")
    ]
    note = (
        "Connections that were kept open after one page, KB of the worker's RSS for each, and the milliseconds of "
        "`/` meanwhile. The servers' limits on idle connections (15 s in hypercorn.toml) are lifted for this."
    )
    return Table("Idle connections", note, ("", "open", "KB each", "p50", "p99", "max"), rows)


def _growth(results: Results) -> Table:
    costs = {(who, quantity): ratio for who, quantity, ratio in growth(results)}
    rows = [
        (
            who,
            _spread(results.figure("growth", who, "profile"), "{:,.0f}"),
            _spread(costs.get((who, "profile")), "{:.2f}"),
            _spread(results.figure("growth", who, "log_ins"), "{:.2f}"),
            _spread(costs.get((who, "log_ins")), "{:.2f}"),
        )
        for who in results.who("growth")
    ]
    note = (
        "`/profile` per second, requested by 500 people in turn who are spread over the whole table. The servers of "
        "all databases of a kind run at once and share one core. No page updates when its session was last used, which "
        "normally happens once a minute. Log-ins per second on all cores. Costs are relative to the kind's first line."
    )
    return Table("Growth", note, ("", "`/profile`/s", "cost", "log-ins/s", "cost"), rows)


def _middle(figure: Figure | None, form: str, units: float = 1.0) -> str:
    return _number(figure.median, form, units) if figure else NONE


def _spread(figure: Figure | None, form: str, units: float = 1.0) -> str:
    if not figure:
        return NONE
    middle, low, high = (_number(each, form, units) for each in (figure.median, figure.low, figure.high))
    return middle if low == high else f"{middle} ({low}…{high})"


def _number(value: float, form: str, units: float) -> str:
    return "∞" if math.isinf(value) else form.format(value * units)
