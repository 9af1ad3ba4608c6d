"""What all tables have in common."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any, ClassVar

from sqlalchemy import Dialect, inspect
from sqlalchemy import Enum as EnumColumn
from sqlalchemy import types as column_types
from sqlalchemy.orm import DeclarativeBase


class UtcDateTime(column_types.TypeDecorator[datetime]):
    """An aware datetime in UTC on every database; SQLite itself knows no time zones."""

    impl = column_types.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


class Words(column_types.TypeDecorator[list[str]]):
    """A short list of words, which the database holds with spaces between."""

    impl = column_types.String
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> list[str] | None:
        return None if value is None else value.split()


class Base(DeclarativeBase):
    """What all tables have in common."""

    # A site's `Mapped[Colour]` keeps the member's name as text: another member needs no migration, on either database.
    type_annotation_map: ClassVar = {Enum: EnumColumn(Enum, native_enum=False, length=100)}


def columns_of(table: type[Base]) -> dict[str, Any]:
    """Return what a query selects for each column of the table, by its name in Python.

    A site's own are among them, which it adds by a child of the class: `class Customer(User)`.
    """
    mappers = inspect(table).self_and_descendants
    return {each.key: getattr(mapper.class_, each.key) for mapper in mappers for each in mapper.column_attrs}
