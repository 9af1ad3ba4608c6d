"""A page's JSON object: a dataclass, and the function that makes it from the template's context."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Context = Mapping[str, Any]


@dataclass(frozen=True)
class View:
    """Makes a page's JSON object."""

    template: str
    """The page's template; if the route renders another one, the object is empty."""
    type: type
    make: Callable[[Context], object]
    leads_on: bool = False
    """Whether the route may also redirect to another page."""
