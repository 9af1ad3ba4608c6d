"""How a site gives a column that it adds to the user a field in our forms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEY = "quart_auth_app"
"""Our key in `Column.info`."""


@dataclass(frozen=True)
class Form:
    """What `form_field` was given."""

    label: str
    on_sign_up: bool
    is_required: bool
    check: Callable[[Any], str | None] | None


def form_field(
    label: str, *, sign_up: bool = False, required: bool = False, check: Callable[[Any], str | None] | None = None
) -> dict[str, Any]:
    """Return the `info` of a column that people fill in on their account's page, and at sign-up with `sign_up=True`.

        birthday: Mapped[date | None] = mapped_column(info=form_field("Birthday", sign_up=True))

    The column's type decides the kind of field: text, number, date, time, yes or no, or one of an enum. A column
    without NULL makes a required field; so does `required=True`, for a column that is empty in accounts made elsewhere.
    `check` gets each value that is not None, and returns the sentence that refuses it, or None.
    """
    return {KEY: Form(label, sign_up, required, check)}
