"""The people who have accounts."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime, Words

_HAS_ROLES = text("roles <> ''")


class User(Base):
    """A person with an account. `id`, `email`, `password` and `name` are the tutorial's columns."""

    __tablename__ = "user"
    __table_args__ = (
        Index("quart_auth_app_user_delete_at", "delete_at"),
        Index("quart_auth_app_user_roles", "roles", sqlite_where=_HAS_ROLES, postgresql_where=_HAS_ROLES),
        {"sqlite_autoincrement": True},  # other tables point here: a number must never be another's
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """The address as the person wrote it."""
    email_key: Mapped[str] = mapped_column(String(1024), unique=True)
    """The normal form of the address, the same for all its spellings, see `accounts/fields/email_addresses.py`."""
    password: Mapped[str] = mapped_column(String(255))
    """The password's hash."""
    password_version: Mapped[int] = mapped_column(default=0, server_default="0")
    """Rises with each new password; a stronger hash of the same password doesn't change it."""
    name: Mapped[str] = mapped_column(String(1000))
    language: Mapped[str | None] = mapped_column(String(35))
    """The language that the person has chosen, a BCP 47 tag; None if they have chosen none."""
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When an operator disabled the account; None while it is enabled."""
    created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the account was made; None if it is older than this column."""
    last_log_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the latest session began; None if none has begun since this column exists."""
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the address was first proven to be the person's; None while it is not."""
    delete_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the account will be deleted, as its owner asked; None unless they did."""
    deletion_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the owner was reminded of the deletion; None before that. Without a meaning while `delete_at` is None."""
    roles: Mapped[list[str]] = mapped_column(Words(255), default=list, server_default="")
    """The roles that were granted to the user, beyond `user`, which everybody has, see `accounts/roles.py`."""
