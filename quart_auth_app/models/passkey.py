"""Passkeys: any number for each user."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class Passkey(Base):
    """What is known of a passkey. Nothing here is secret: the private key never leaves the authenticator."""

    __tablename__ = "passkey"
    __table_args__ = ({"sqlite_autoincrement": True},)  # addresses of pages name a row by its number

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """The authenticator's own name for it, 1023 bytes at most."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """In the form of COSE (RFC 9052)."""
    user_handle: Mapped[bytes] = mapped_column(LargeBinary)
    """What the authenticator knows the user by: 64 random bytes, the same in all passkeys of a user."""
    name: Mapped[str] = mapped_column(String(100))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """The highest count that was seen; synced passkeys stay at 0."""
    transports: Mapped[str] = mapped_column(String(100))
    """How browsers reach the authenticator, with spaces between."""
    backup_eligible: Mapped[bool]
    """Whether it can be synced to other devices."""
    backed_up: Mapped[bool]
    """Whether it was, when it was last used."""
    aaguid: Mapped[str] = mapped_column(String(36))
    """The authenticator's model, as it says itself."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
