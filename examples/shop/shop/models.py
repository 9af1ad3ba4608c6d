"""The shop's own tables, and what it knows about its users."""

from datetime import date
from typing import cast

from quart_auth_app import Base, User, current_user, form_field
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column


class Customer(User):
    """A user, with the shop's own column."""

    birthday: Mapped[date | None] = mapped_column(info=form_field("Birthday", sign_up=True))


current_customer = cast(Customer, current_user)
"""`current_user`, as editors and mypy should see it."""


class Order(Base):
    """What somebody has ordered."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    dish: Mapped[str]
