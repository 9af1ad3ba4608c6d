"""How a site gives a column that it adds to the user a field in our forms."""

from dataclasses import dataclass
from typing import Any

KEY = "quart_auth_app"
"""Our key in `Column.info`."""


@dataclass(frozen=True)
class Form:
    """The label of a column's field, and whether the sign-up form has it too."""

    label: str
    on_sign_up: bool


def form_field(label: str, *, sign_up: bool = False) -> dict[str, Any]:
    """Return the `info` of a column that people fill in on their account's page, and at sign-up with `sign_up=True`.

        birthday: Mapped[date | None] = mapped_column(info=form_field("Birthday", sign_up=True))

    The column's type decides the kind of field: text, number, date, time, yes or no, or one of an enum. A column
    without NULL makes a required field.
    """
    return {KEY: Form(label, sign_up)}
