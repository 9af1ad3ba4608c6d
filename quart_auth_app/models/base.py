"""What all tables have in common."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any, ClassVar

from sqlalchemy import Dialect, inspect
from sqlalchemy import Enum as EnumColumn
from sqlalchemy import types as column_types
from sqlalchemy.orm import DeclarativeBase


class UtcDateTime(column_types.TypeDecorator[datetime]):
    """A timezone-aware datetime in UTC on every database; SQLite stores no time zones."""

    impl = column_types.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


class Words(column_types.TypeDecorator[list[str]]):
    """A short list of words, stored as one text with spaces between."""

    impl = column_types.String
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> list[str] | None:
        return None if value is None else value.split()


class Base(DeclarativeBase):
    """What all tables have in common."""

    # A site's enum column, `Mapped[Colour]`, stores the member's name as text, so a new member needs no migration.
    type_annotation_map: ClassVar = {Enum: EnumColumn(Enum, native_enum=False, length=100)}


def columns_of(table: type[Base]) -> dict[str, Any]:
    """Return the table's columns for use in a query, by attribute name.

    Columns that a site adds in a subclass, `class Customer(User)`, are included.
    """
    mappers = inspect(table).self_and_descendants
    return {each.key: getattr(mapper.class_, each.key) for mapper in mappers for each in mapper.column_attrs}
