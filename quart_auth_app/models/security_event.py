"""The activity of accounts, as shown to their owners."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class SecurityEvent(Base):
    """One thing that happened to an account; `accounts/history/activity_kinds.py` has the kinds."""

    __tablename__ = "security_event"
    __table_args__ = (Index("ix_security_event_user_id_id", "user_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    kind: Mapped[str] = mapped_column(String(50))
    address: Mapped[str] = mapped_column(String(45))
    """The client's IP address; empty where an operator did it."""
    browser: Mapped[str] = mapped_column(String(60))
    """A name from the fixed list in `accounts/browsers.py`, never text that a client sent; empty for an operator."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
