"""The tokens in the links of mails."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class MailToken(Base):
    """Permission to do one thing once, by a mailed link. The row stays until it expires, for second clicks."""

    __tablename__ = "mail_token"
    __table_args__ = ({"sqlite_autoincrement": True},)  # an attempt to log in names a row by its number

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token. The token itself is only in the mail."""
    purpose: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    sign_up_id: Mapped[int | None] = mapped_column(ForeignKey("sign_up.id", ondelete="SET NULL"), index=True)
    """None once the sign-up has become an account: the used token stays longer than the sign-up."""
    sent_to: Mapped[str] = mapped_column(String(254))
    account_key: Mapped[str] = mapped_column(String(1024))
    """The user's `email_key` when the token was issued: another address voids the token."""
    password_version: Mapped[int]
    """The user's `password_version` when the token was issued: a new password voids the token."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
