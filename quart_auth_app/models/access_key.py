"""Access keys: any number for each user, for scripts."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class AccessKey(Base):
    """An access key. The key itself is stored nowhere, only its hash."""

    __tablename__ = "access_key"
    __table_args__ = ({"sqlite_autoincrement": True},)  # addresses of pages name a row by its number

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    beginning: Mapped[str] = mapped_column(String(20))
    """The first characters of the key, by which its owner recognises it."""
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the key: a copy of the database doesn't reveal usable keys."""
    password_version: Mapped[int]
    """The user's `password_version` when the key was made: a new password revokes the key."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
