"""Progress of long work: the function that does the work reports it to a callback of its caller."""

from collections.abc import Callable

Tell = Callable[[int, int], None]
"""Called with the number of steps done and the number of all steps."""


def nobody(_done: int, _total: int) -> None:
    """Ignore the progress."""
