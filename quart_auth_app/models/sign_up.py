"""Sign-ups that wait for their mail to be answered."""

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class SignUp(Base):
    """What somebody typed who may or may not own the address. No account, and it keeps nobody from the address."""

    __tablename__ = "sign_up"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a cookie names a row: a number must never be another's

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(1024), index=True)
    name: Mapped[str] = mapped_column(String(1000))
    password: Mapped[str] = mapped_column(String(255))
    """The password's hash."""
    own: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    """What was typed into the site's own fields, by column."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    code: Mapped[str | None] = mapped_column(String(255))
    """The hash of the newest code that was mailed; None before that."""
    code_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """Codes that were tried since the newest was mailed."""
    password_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """Passwords that were tried by whoever followed the link in another browser."""
