"""A queue in which groups take turns: round-robin between groups, first in first out within a group."""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Group = TypeVar("Group", bound=Hashable)
Item = TypeVar("Item")


class FairQueue(Generic[Group, Item]):
    """However many items one group has, another group waits for only one of them."""

    def __init__(self) -> None:
        self._lines: dict[Group, deque[Item]] = {}
        """Waiting items by group, in the order of turns; no deque is empty."""

    def __bool__(self) -> bool:
        """Return whether anything is waiting."""
        return bool(self._lines)

    def waiting(self, group: Group) -> int:
        """Return how many items of the group are waiting."""
        return len(self._lines.get(group, ()))

    def put(self, group: Group, item: Item) -> None:
        """Append an item to its group."""
        self._lines.setdefault(group, deque()).append(item)

    def take(self, may: Callable[[Group], bool] = lambda _group: True) -> tuple[Group, Item] | None:
        """Remove and return an item of the first group that `may` allows. That group's next turn comes last."""
        group = next(filter(may, self._lines), None)
        if group is None:
            return None
        line = self._lines.pop(group)
        item = line.popleft()
        if line:
            self._lines[group] = line
        return group, item
