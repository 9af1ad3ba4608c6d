"""Log-ins by mail that wait for their link or code."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class MailedLogIn(Base):
    """A browser's request to be logged in by mail. The address may or may not have an account."""

    __tablename__ = "mailed_log_in"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a cookie names a row: a number must never be another's

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    remember: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("mail_token.id", ondelete="SET NULL"), index=True)
    """The mailed token; in this browser the code replaces it. None before the mail is sent, and without an account."""
    code: Mapped[str | None] = mapped_column(String(255))
    """The hash of the mailed code; None before the mail is sent, and without an account."""
    code_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many codes were tried."""
