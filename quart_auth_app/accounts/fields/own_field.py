"""A site's own field: what may be typed into it, and how the text becomes a value."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, Integer, Numeric, SmallInteger, String

from quart_auth_app.accounts.errors import AccountError

MAX_LENGTH = 1000
"""Longest text in characters, if the column has no length."""

KINDS: dict[type, str] = {
    bool: "checkbox", str: "text", int: "number", float: "number", Decimal: "number", date: "date", time: "time",
    Enum: "select",
}  # fmt: skip

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")


class OwnFieldRefused(AccountError):
    """The text is not a valid value of the field."""

    def __init__(self, each: "OwnField", **values: object) -> None:
        super().__init__(label=each.label, **values)
        self.field = each.name


class OwnFieldMissing(OwnFieldRefused):
    """The field is required."""


class OwnFieldTooLong(OwnFieldRefused):
    """The text has more than `max_length` characters."""


class OwnFieldFailsCheck(OwnFieldRefused):
    """The site's own check refuses the value, with `sentence`."""


class OwnFieldTaken(OwnFieldRefused):
    """The value has to be unique, and another account has it."""


@dataclass(frozen=True)
class OwnField:
    """A column of the user with a field in our forms."""

    name: str
    label: str
    on_sign_up: bool
    column: Any
    must_be_filled: bool = False
    check: Callable[[Any], str | None] | None = None

    @property
    def type(self) -> type:
        """The Python type of its values."""
        found: type = self.column.type.python_type
        return found

    @property
    def kind(self) -> str:
        """The type of its input in HTML; "select" for one of an enum. Raises TypeError for a column of another type."""
        kinds = [kind for type_, kind in KINDS.items() if issubclass(self.type, type_)]
        if issubclass(self.type, Enum):
            return "select"
        if not kinds or (hasattr(self.type, "hour") and hasattr(self.type, "year")):
            raise TypeError(f"form_field knows no field for the column {self.name}, whose values are {self.type}")
        return kinds[0]

    @property
    def is_required(self) -> bool:
        """Whether the field is required."""
        return (self.must_be_filled or not self.column.nullable) and self.kind != "checkbox"

    @property
    def max_length(self) -> int:
        """Longest text in characters."""
        return (isinstance(self.column.type, String) and self.column.type.length) or MAX_LENGTH

    @property
    def options(self) -> list[tuple[str, str]]:
        """The choices of an enum: pairs of the sent text and the shown text; empty for other types."""
        return [(each.name, str(each.value)) for each in self.type] if issubclass(self.type, Enum) else []

    def text(self, value: Any) -> str:
        """Return a value as the text in a form."""
        if value is None or value is False:
            return ""
        return str(value.name if isinstance(value, Enum) else "on" if value is True else value)

    def value(self, text: str) -> Any:
        """Return the value of a typed text, None for an empty one. Raises OwnFieldRefused or a child of it."""
        text = text.strip()
        if self.kind == "checkbox":
            return bool(text)
        if len(text) > self.max_length:
            raise OwnFieldTooLong(self, max_length=self.max_length)
        if not text:
            if self.is_required:
                raise OwnFieldMissing(self)
            return None
        try:
            value = self._parsed(text)
        except (ValueError, KeyError, InvalidOperation):
            raise OwnFieldRefused(self) from None
        if self.check and (sentence := self.check(value)):
            raise OwnFieldFailsCheck(self, sentence=sentence)
        return value

    def _parsed(self, text: str) -> Any:
        type_: Any = self.type
        if issubclass(type_, Enum):
            return type_[text]
        if issubclass(type_, date | time):
            return type_.fromisoformat(text)
        if type_ is str:
            return text
        if not (_WHOLE if type_ is int else _NUMBER).fullmatch(text):
            raise ValueError
        return _in_range(self.column.type, type_(text))


def _in_range(column_type: Any, number: Any) -> Any:
    """Return the number. Raises ValueError if the column can't hold it."""
    bits = 16 if isinstance(column_type, SmallInteger) else 64 if isinstance(column_type, BigInteger) else 32
    if isinstance(column_type, Integer) and not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError
    if isinstance(number, Decimal) and isinstance(column_type, Numeric) and column_type.precision is not None:
        number = round(number, column_type.scale or 0)
        if abs(number) >= Decimal(10) ** (column_type.precision - (column_type.scale or 0)):
            raise ValueError
    return number
