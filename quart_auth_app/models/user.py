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
    """What all spellings of the address have in common, see `accounts/email_addresses.py`."""
    password: Mapped[str] = mapped_column(String(255))
    """The password's hash."""
    password_version: Mapped[int] = mapped_column(default=0, server_default="0")
    """Counts the passwords that the user has had; a stronger hash of the same password doesn't count."""
    name: Mapped[str] = mapped_column(String(1000))
    language: Mapped[str | None] = mapped_column(String(35))
    """The tag (BCP 47) of the language that the person reads; None while they have chosen none."""
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when the account is closed by an operator; None while it is open."""
    created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the account was made; None if that was before this was kept."""
    last_log_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the latest session began; None if none did since this is kept."""
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when the address is known to be the person's; None while nobody has proved it."""
    delete_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the account will be deleted because its owner asked for it; None unless they did."""
    deletion_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When they were told that this is near; None before, and what it says means nothing while `delete_at` is None."""
    roles: Mapped[list[str]] = mapped_column(Words(255), default=list, server_default="")
    """What the user may do beside what everybody may who is logged in, see `accounts/roles.py`."""
