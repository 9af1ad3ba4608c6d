"""Passkeys: any number for each user."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class Passkey(Base):
    """A passkey. Nothing here is secret: the private key never leaves the authenticator."""

    __tablename__ = "passkey"
    __table_args__ = ({"sqlite_autoincrement": True},)  # addresses of pages name a row by its number

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """The authenticator's identifier of the passkey, at most 1023 bytes (WebAuthn)."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """The public key, in COSE format (RFC 9052)."""
    user_handle: Mapped[bytes] = mapped_column(LargeBinary)
    """WebAuthn's user handle: 64 random bytes, the same in all passkeys of a user."""
    name: Mapped[str] = mapped_column(String(100))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """The highest signature counter seen so far; synced passkeys stay at 0."""
    transports: Mapped[str] = mapped_column(String(100))
    """How browsers reach the authenticator: WebAuthn's transports, with spaces between."""
    backup_eligible: Mapped[bool]
    """Whether the passkey can be synced to other devices."""
    backed_up: Mapped[bool]
    """Whether the passkey was synced when it was last used."""
    aaguid: Mapped[str] = mapped_column(String(36))
    """The authenticator's model as it reports itself (AAGUID)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
