"""Accounts at OpenID Connect providers that people log in with."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class Identity(Base):
    """A user's account at a provider: at most one for each user and provider."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("user_id", "issuer"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(255))
    """The provider's issuer identifier, a URL."""
    subject: Mapped[str] = mapped_column(String(255))
    """The provider's identifier of the person; never reassigned (OpenID Connect Core 1.0, 5.7)."""
    email: Mapped[str | None] = mapped_column(String(254))
    """The last address that the provider reported, shown so that the user recognises the account. It proves nothing."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
