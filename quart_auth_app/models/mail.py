"""The outbox: mails that are still to be sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime

_WAITING = text("failed IS NULL")
_FAILED = text("failed IS NOT NULL")


class Mail(Base):
    """A mail to be sent. Its text, and whether it is sent at all, is decided when it is sent."""

    __tablename__ = "mail"
    __table_args__ = (
        Index("ix_mail_waiting", "due_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_mail_failed", "give_up_at", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
        {"sqlite_autoincrement": True},  # `mail retry` names a row by its number
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    to_address: Mapped[str] = mapped_column(String(254))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    sign_up_id: Mapped[int | None] = mapped_column(ForeignKey("sign_up.id", ondelete="CASCADE"), index=True)
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    """More values for the mail's text. Never a secret: operators read these rows, and backups copy them."""
    message_id: Mapped[str] = mapped_column(String(255))
    """The same at each try, so that a mail that was sent twice can be recognised as one."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    give_up_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failed: Mapped[str | None] = mapped_column(String(255))
    """Why the mail will not be tried again; None while it will be."""
