"""What all tables have in common."""

from datetime import UTC, datetime

from sqlalchemy import Dialect
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


class Base(DeclarativeBase):
    """What all tables have in common."""
