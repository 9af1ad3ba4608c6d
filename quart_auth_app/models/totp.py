"""Authenticator apps: at most one for each user."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class Totp(Base):
    """A user's authenticator app. The seeds are encrypted, see `accounts/factors/seeds.py`."""

    __tablename__ = "totp"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None until a first app has been confirmed."""
    last_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The step of the last code that was used: it and all before it count no more."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    new_seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What is being set up, beside the seed that counts."""
