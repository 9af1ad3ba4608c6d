"""Names: ordinary ones in every script are accepted, and a refusal says what is wrong."""

import pytest

from quart_auth_app.accounts.errors import InvalidName, NameHasControls, NameInvisible, NameTooLong
from quart_auth_app.accounts.fields import names
from tests.people import BOB, Client, notice, text

ORDINARY = [
    "山田　太郎",
    "👩‍🚀 Ann",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "نیما می‌خواهد",
    "क्‍ष",
    "Zoe\u0308",
    "Jean\u00a0Luc",
    "Jean\u202fLuc",
    "O’Neil",
    "X Æ A-12",
    "\u200eאבי",
    "❤️",
    "𠮷野",
]


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_name_is_kept_to_the_letter(name: str) -> None:
    assert names.validated(name) == name


@pytest.mark.parametrize("space", [" ", "\t", "\u00a0", "\u1680", "\u2003", "\u202f", "\u205f", "\u3000"])
def test_every_space_around_a_name_is_dropped(space: str) -> None:
    assert names.validated(f"{space}Bob{space}{space}") == "Bob"


def test_a_tab_as_spreadsheets_copy_it_is_a_space() -> None:
    assert names.validated("Ann\tLee\t") == "Ann Lee"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *[(name, InvalidName) for name in ("", " ", "\u3000", "\t ", "\n")],
        *[(name, NameHasControls) for name in ("Bob\x1b[2J", "Bob\nBcc: eve", "Bob\n", "\rBob", "a\x7f")],
        *[(f"a{chr(code)}b", NameHasControls) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))],
        *[(f"Bob{each}", NameHasControls) for each in "\x85\u2028\u2029\v\f"],
        *[
            (each, NameInvisible)
            for each in ("\u200d", "\u200b\u200b", "\u0301", "\u3164", "\u2800", "\U0001d159", "\ufeff")
        ],
        *[(each, NameInvisible) for each in ("\u00ad", "\ue000", "\ufe0f", "\U000e0067", "\u200e \u200f")],
        ("x" * 101, NameTooLong),
    ],
)
def test_what_is_wrong_has_a_name(name: str, kind: type[InvalidName]) -> None:
    with pytest.raises(InvalidName) as refused:
        names.validated(name)
    assert type(refused.value) is kind


@pytest.mark.parametrize("name", ORDINARY)
async def test_the_profile_greets_by_such_a_name(client: Client, name: str) -> None:
    await client.post("/signup", form=BOB | {"name": name})
    await client.post("/login", form=BOB)
    assert f"Welcome, {' '.join(name.split())}!" in await text(await client.get("/profile"))


async def test_the_form_says_what_is_wrong_with_a_name(client: Client) -> None:
    await client.post("/signup", form=BOB | {"name": "\u3164"})
    assert "Nothing of this name can be seen." in await notice(client, "/signup")
    await client.post("/signup", form=BOB | {"name": "\u3000"})
    assert await notice(client, "/signup") == "Please enter your name."
