"""The measurements, in the order in which they run."""

from collections.abc import Callable

from bench.measures import growth, idle, log_ins, pages, storms
from bench.run import Run

MEASURES: dict[str, Callable[[Run], None]] = {
    "pages": pages.measure,
    "log-ins": log_ins.measure,
    "storm-16": storms.of_16,
    "storm-200": storms.of_200,
    "idle": idle.measure,
    "growth": growth.measure,
}
"""By the name that `--only` takes."""
