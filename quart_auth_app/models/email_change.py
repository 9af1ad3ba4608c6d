"""Changes of address that wait for confirmation from the new address."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class EmailChange(Base):
    """A pending change of address, at most one for each user. It doesn't reserve the new address."""

    __tablename__ = "email_change"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    new_email: Mapped[str] = mapped_column(String(254))
    account_key: Mapped[str] = mapped_column(String(1024))
    """The user's `email_key` when the change was asked for: if the address changes meanwhile, this row is void."""
    password_version: Mapped[int]
    """The user's `password_version` when the change was asked for: a new password voids this row."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    code: Mapped[str | None] = mapped_column(String(255))
    """The hash of the newest mailed code; None before the first mail."""
    code_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many codes were tried since the newest was mailed."""
