"""A queue in which groups take turns: first come first served within each, one after the other among them."""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Group = TypeVar("Group", bound=Hashable)
Item = TypeVar("Item")


class FairQueue(Generic[Group, Item]):
    """However much one group has waiting, another waits for one item of it."""

    def __init__(self) -> None:
        self._lines: dict[Group, deque[Item]] = {}
        """The group whose turn comes next first; none is empty."""

    def __bool__(self) -> bool:
        """Return whether anything is waiting."""
        return bool(self._lines)

    def waiting(self, group: Group) -> int:
        """Return how many items of the group are waiting."""
        return len(self._lines.get(group, ()))

    def put(self, group: Group, item: Item) -> None:
        """Put an item behind those of its group."""
        self._lines.setdefault(group, deque()).append(item)

    def take(self, may: Callable[[Group], bool] = lambda _group: True) -> tuple[Group, Item] | None:
        """Take the next item of the first group that may have its turn now, which is the last one then."""
        group = next(filter(may, self._lines), None)
        if group is None:
            return None
        line = self._lines.pop(group)
        item = line.popleft()
        if line:
            self._lines[group] = line
        return group, item
