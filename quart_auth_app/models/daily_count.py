"""How often each event happened on each day."""

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base


class DailyCount(Base):
    """How often an event was written to the security log on one day, by all processes together."""

    __tablename__ = "daily_count"

    day: Mapped[date] = mapped_column(primary_key=True)
    """In UTC."""
    event: Mapped[str] = mapped_column(String(40), primary_key=True)
    """The event's name in the security log."""
    count: Mapped[int]
