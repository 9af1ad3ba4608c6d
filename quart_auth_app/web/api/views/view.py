"""A page's JSON object: a dataclass, and the function that makes it from the template's context."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Context = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """Makes a page's JSON object."""

    template: str
    """The page's template; if the route renders another one, the object is empty."""
    type: type
    make: Callable[[Context], object]
    leads_on: bool = False
    """Whether the route may also redirect to another page."""


def filled(type_: type[T], source: object, **given: object) -> T:
    """Return an object of this dataclass: each field is `given`, or the source's attribute of the same name."""
    names: set[str] = type_.__dataclass_fields__.keys() - given.keys()  # type: ignore[attr-defined]  # a dataclass has it
    return type_(**{name: getattr(source, name) for name in names}, **given)
