"""The counts that limits on attempts are kept by."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class Attempts(Base):
    """How often something was tried within a window of time."""

    __tablename__ = "attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of what is limited, and for whom."""
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
