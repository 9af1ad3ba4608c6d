"""Changes of address that wait for the mail to the new one to be answered."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class EmailChange(Base):
    """A user's wish to have another address: at most one for each user, and it takes the address from nobody."""

    __tablename__ = "email_change"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    new_email: Mapped[str] = mapped_column(String(254))
    account_key: Mapped[str] = mapped_column(String(1024))
    """The account's `email_key` when this was asked for: another address voids it."""
    password_version: Mapped[int]
    """The account's when this was asked for: another password voids it."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    code: Mapped[str | None] = mapped_column(String(255))
    """The hash of the newest code that was mailed; None before that."""
    code_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """Codes that were tried since the newest was mailed."""
