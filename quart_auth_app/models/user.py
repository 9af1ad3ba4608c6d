"""The people who have accounts."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


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
