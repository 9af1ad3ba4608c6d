"""How far a long piece of work has come: whoever does it tells, and whoever started it may show."""

from collections.abc import Callable

Tell = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


def nobody(_done: int, _total: int) -> None:
    """Tell nobody."""
