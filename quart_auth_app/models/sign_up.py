"""Sign-ups that wait for the address to be confirmed."""

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class SignUp(Base):
    """What somebody typed at sign-up. They may not own the address. It is no account and reserves nothing."""

    __tablename__ = "sign_up"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a cookie names a row: a number must never be another's

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(1024), index=True)
    name: Mapped[str] = mapped_column(String(1000))
    password: Mapped[str] = mapped_column(String(255))
    """The password's hash."""
    own: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    """What was typed into the site's own fields, by column name."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    code: Mapped[str | None] = mapped_column(String(255))
    """The hash of the newest mailed code; None before the first mail."""
    code_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many codes were tried since the newest was mailed."""
    password_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many passwords were tried after the link was opened in another browser."""
