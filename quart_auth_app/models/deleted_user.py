"""Whom a restored backup must not bring back."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from quart_auth_app.models.base import Base, UtcDateTime


class DeletedUser(Base):
    """The number of an account that was deleted, and nothing else of it."""

    __tablename__ = "deleted_user"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
