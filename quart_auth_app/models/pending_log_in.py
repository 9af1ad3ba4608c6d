"""Log-ins that wait for a second step."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class PendingLogIn(Base):
    """A proven first factor. It is no session: code that asks who is logged in never reads this table."""

    __tablename__ = "pending_log_in"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token in the browser's cookie."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    password_version: Mapped[int]
    """The `password_version` of the proven password: a new password ends this log-in."""
    methods: Mapped[str] = mapped_column(String(100))
    """The methods proven so far."""
    remember: Mapped[bool]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
