"""How a site says that people fill in a column which it adds to the user."""

from dataclasses import dataclass
from typing import Any

KEY = "quart_auth_app"
"""The key of `Column.info` that belongs to us."""


@dataclass(frozen=True)
class Form:
    """Where a column of the site's has its field, and what stands beside it."""

    label: str
    on_sign_up: bool


def form_field(label: str, *, sign_up: bool = False) -> dict[str, Any]:
    """Return the `info` of a column that people fill in on the page of their account, and on the sign-up form if asked.

        birthday: Mapped[date | None] = mapped_column(info=form_field("Birthday", sign_up=True))

    What kind of field it is follows from the column: text, number, date, time, yes or no, or one of an enum. One that
    may not be empty has to be filled in.
    """
    return {KEY: Form(label, sign_up)}
