"""Deleted accounts, which a restored backup must not bring back."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime

_NOT_ANNOUNCED = text("announce_at IS NOT NULL")


class DeletedUser(Base):
    """The number of a deleted account; nothing else of it is kept."""

    __tablename__ = "deleted_user"
    __table_args__ = (
        Index(
            "quart_auth_app_deleted_user_announce_at",
            "announce_at",
            sqlite_where=_NOT_ANNOUNCED,
            postgresql_where=_NOT_ANNOUNCED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    announce_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a server is to announce the deletion to the site's code; None once that is done."""
