"""The active log-ins."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class Session(Base):
    """One log-in. The row, not the cookie, decides whether it still counts."""

    __tablename__ = "session"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a number must never be another's

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token in the cookie: a copy of the database doesn't let anybody log in."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    authenticated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the person last proved who they are."""
    remember: Mapped[bool]
    address: Mapped[str] = mapped_column(String(45))
    """The client's IP address; an IPv6 address has at most 45 characters."""
    user_agent: Mapped[str] = mapped_column(String(255))
    methods: Mapped[str] = mapped_column(String(100), default="password", server_default="password")
    """The methods by which the person proved who they are, with spaces between: `password totp`."""
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a replaced session ends, whatever the other limits are; None unless it was replaced."""
    replaced_by: Mapped[int | None]
    """The number of the session that replaces this one. If that session is gone, this one has ended too."""
