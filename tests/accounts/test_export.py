"""What the download has of a site's own columns."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

import pytest

from quart_auth_app.accounts.export import plain


class Size(Enum):
    """An enum of a site's."""

    SMALL = "small"


class Colour(StrEnum):
    """An enum that is text already."""

    RED = "red"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Size.SMALL, "small"),
        (Colour.RED, "red"),
        (b"\x89PNG", "iVBORw=="),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date(2030, 1, 2), "2030-01-02"),
        (time(7, 30), "07:30:00"),
        (timedelta(hours=1), "1:00:00"),
        (datetime(2030, 1, 2, tzinfo=UTC), "2030-01-02T00:00:00+00:00"),
        (datetime(2030, 1, 2), "2030-01-02T00:00:00"),  # noqa: DTZ001  # a site's own column may be without a zone
        ([date(2030, 1, 2), {"size": Size.SMALL}], ["2030-01-02", {"size": "small"}]),
        (None, None),
    ],
)
def test_a_value_of_any_column_is_told_as_json_has_it(value: object, told: object) -> None:
    assert plain(value) == told
    json.dumps(plain(value))
