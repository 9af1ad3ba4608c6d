"""The tables: columns only, no behaviour."""

from datetime import UTC, datetime

from sqlalchemy import Dialect, ForeignKey, String
from sqlalchemy import types as column_types
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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


class User(Base):
    """A person with an account. `id`, `email`, `password` and `name` are the tutorial's columns."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """The address as the person wrote it."""
    email_key: Mapped[str] = mapped_column(String(1024), unique=True)
    """The address without regard to case and Unicode form: what makes two addresses the same."""
    password: Mapped[str] = mapped_column(String(255))
    """The password's hash."""
    password_version: Mapped[int] = mapped_column(default=0, server_default="0")
    """Counts the passwords that the user has had; a stronger hash of the same password doesn't count."""
    name: Mapped[str] = mapped_column(String(1000))
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when the account is closed by an operator; None while it is open."""


class Session(Base):
    """One log-in. The row, not the cookie, decides whether it still counts."""

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token in the cookie: who reads the database can't log in with it."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    authenticated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the password was last given."""
    remember: Mapped[bool]
    address: Mapped[str] = mapped_column(String(45))
    """The client's IP address; an IPv6 address has at most 45 characters."""
    user_agent: Mapped[str] = mapped_column(String(255))


class Attempts(Base):
    """How often something was tried within a window of time."""

    __tablename__ = "attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of what is limited, and for whom."""
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
