"""Accounts at providers that people log in with."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class Identity(Base):
    """Who a user is at a provider: one identity for each of them."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("user_id", "issuer"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(255))
    """The provider, as it calls itself."""
    subject: Mapped[str] = mapped_column(String(255))
    """Whom the provider means; never given to another (OpenID Connect Core 1.0, 5.7)."""
    email: Mapped[str | None] = mapped_column(String(254))
    """The address that the provider told last, for its owner to know which account this is. It proves nothing."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
