"""What may be typed into a field of a site's own."""

from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    Time,
)
from sqlalchemy import Enum as EnumColumn
from sqlalchemy.types import TypeEngine

from quart_auth_app.accounts.fields.own_field import (
    OwnField,
    OwnFieldFailsCheck,
    OwnFieldMissing,
    OwnFieldRefused,
    OwnFieldTooLong,
)


class Size(Enum):
    """An enum of a site's."""

    S = "small"
    L = "large"


def field(type_: TypeEngine[Any], *, nullable: bool = True) -> OwnField:
    """Return the field of a column."""
    return OwnField("thing", "Thing", False, Column("thing", type_, nullable=nullable))


@pytest.mark.parametrize(
    ("type_", "kind", "typed", "value"),
    [
        (String(5), "text", "  soup ", "soup"),
        (Text(), "text", "", None),
        (Integer(), "number", "-12", -12),
        (Integer(), "number", "0", 0),
        (Integer(), "number", "1", 1),
        (Integer(), "number", "-2147483648", -2_147_483_648),
        (BigInteger(), "number", "3000000000", 3_000_000_000),
        (Float(), "number", "1.5", 1.5),
        (Numeric(5, 2), "number", "123.456", Decimal("123.46")),
        (Date(), "date", "2000-04-30", date(2000, 4, 30)),
        (Time(), "time", "07:30", time(7, 30)),
        (Boolean(), "checkbox", "on", True),
        (Boolean(), "checkbox", "", False),
        (EnumColumn(Size), "select", "S", Size.S),
        (EnumColumn(Size), "select", "", None),
    ],
)
def test_what_is_typed_means_a_value_and_is_shown_again(
    type_: TypeEngine[Any], kind: str, typed: str, value: object
) -> None:
    assert field(type_).kind == kind
    assert field(type_).value(typed) == value
    shown = field(type_).text(value)
    assert field(type_).value(shown) == value


def test_a_tick_is_shown_as_the_text_that_a_form_sends() -> None:
    assert [field(Boolean()).text(ticked) for ticked in (True, False)] == ["on", ""]


@pytest.mark.parametrize(
    ("type_", "typed"),
    [
        (Integer(), "12 apples"),
        (Integer(), "1_000"),
        (Integer(), "３"),
        (Integer(), "2147483648"),
        (Integer(), "-2147483649"),
        (SmallInteger(), "32768"),
        (BigInteger(), "9223372036854775808"),
        (Float(), "nan"),
        (Float(), "9" * 400),
        (Numeric(5, 2), "1000"),
        (Numeric(5, 2), "Infinity"),
        (Numeric(5, 2), "1e3"),
        (Date(), "30.04.2000"),
        (Date(), "2000-02-30"),
        (Time(), "25:00"),
        (EnumColumn(Size), "small"),
        (EnumColumn(Size), "XL"),
    ],
)
def test_what_the_column_could_not_hold_is_refused(type_: TypeEngine[Any], typed: str) -> None:
    with pytest.raises(OwnFieldRefused) as refused:
        field(type_).value(typed)
    assert refused.value.field == "thing"


def test_a_text_takes_no_more_than_the_column() -> None:
    assert field(String(5)).value("soups") == "soups"
    with pytest.raises(OwnFieldTooLong):
        field(String(5)).value("sou ps")


@pytest.mark.parametrize("type_", [String(5), Integer(), Date(), EnumColumn(Size)])
def test_what_may_not_be_empty_has_to_be_filled_in(type_: TypeEngine[Any]) -> None:
    with pytest.raises(OwnFieldMissing):
        field(type_, nullable=False).value(" ")


@pytest.mark.parametrize("type_", [DateTime(), LargeBinary()])
def test_a_column_without_a_kind_of_field_is_told(type_: TypeEngine[Any]) -> None:
    with pytest.raises(TypeError, match="knows no field for the column thing"):
        assert field(type_).kind


def test_a_required_field_of_a_column_that_may_be_empty_is_required() -> None:
    card = OwnField("card", "Card", True, Column("card", String(8), unique=True), must_be_filled=True)
    assert card.is_required
    with pytest.raises(OwnFieldMissing):
        card.value(" ")


def test_a_sites_own_check_refuses_a_value_with_its_own_sentence() -> None:
    def check(value: str) -> str | None:
        return None if value.startswith("R") else "Cards begin with R."

    card = OwnField("card", "Card", True, Column("card", String(8)), check=check)
    assert (card.value("R1"), card.value("")) == ("R1", None)
    with pytest.raises(OwnFieldFailsCheck) as refused:
        card.value("X1")
    assert refused.value.values["sentence"] == "Cards begin with R."
