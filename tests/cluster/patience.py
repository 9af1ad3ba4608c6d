"""Waiting for other processes, up to a limit."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(question: Callable[[], T | None], seconds: float, what: str, describe: Callable[[], str] = str) -> T:
    """Ask until there is an answer, and return it. `what` is waited for; `describe` tells what was found instead."""
    end = time.monotonic() + seconds
    while (answer := question()) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s\n{describe()}")
        time.sleep(0.2)
    return answer
