"""Authenticator apps: at most one for each user."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class Totp(Base):
    """A user's authenticator app. Both seeds are encrypted, see `accounts/factors/seeds.py`."""

    __tablename__ = "totp"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None until a first app has been confirmed."""
    last_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The time step (RFC 6238) of the last used code: codes of that step or an earlier one are refused."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    new_seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The seed of an app that is being set up; the confirmed one stays valid meanwhile."""
