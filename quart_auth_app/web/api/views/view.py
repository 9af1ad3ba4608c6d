"""How a page is told in JSON: a dataclass, and how it is made of what the page's template knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Context = Mapping[str, Any]


@dataclass(frozen=True)
class View:
    """How a page is told."""

    template: str
    """The page's template; where the route shows another one, nothing is told."""
    type: type
    make: Callable[[Context], object]
    leads_on: bool = False
    """Whether the route may lead to another page, too."""
