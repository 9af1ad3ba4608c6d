"""What Japanese keyboards type: full-width letters and digits, the wide space, no order of given and family name."""

import pytest

from quart_auth_app.accounts import mailed_codes
from quart_auth_app.accounts.factors import recovery_codes, totp
from quart_auth_app.accounts.fields import email_addresses, names
from quart_auth_app.accounts.passwords import strength
from tests.people import BOB, Accounts

WIDE = {ord(" "): "\u3000"} | {letter: letter + 0xFEE0 for letter in range(0x21, 0x7F)}


def test_every_kind_of_code_is_read_in_full_width() -> None:
    mailed, recovery = mailed_codes.new(mailed_codes.LENGTH), recovery_codes.derived("a secret")[0]
    assert mailed_codes.read(f"{mailed[:3]} {mailed[3:]}".lower().translate(WIDE)) == mailed
    assert totp.normalised("123 456".translate(WIDE)) == "123456"
    assert recovery_codes.normalised(recovery.translate(WIDE)) == recovery.replace("-", "")
    assert recovery_codes.normalised(recovery.replace("-", "ー").translate(WIDE)) in {None, recovery.replace("-", "")}


@pytest.mark.parametrize("address", ["Bob@example.com", "b-o.b+x@sub.example.com", "!#$%&*/=?^_`{|}~@example.com"])
def test_an_address_is_the_same_in_full_width(address: str) -> None:
    assert email_addresses.validated(address.translate(WIDE)) == email_addresses.validated(address)
    assert email_addresses.key(address.translate(WIDE)) == email_addresses.key(address)


@pytest.mark.parametrize(
    "name", ["山田　太郎", "山田太郎", "太郎 山田", "㈱山田", "さくら🌸", "क्\u200dष", "👩\u200d💻", "ｱﾔ"]
)
async def test_a_name_is_kept_as_it_was_typed(accounts: Accounts, name: str) -> None:
    assert names.validated(f"\u3000{name} ") == name
    assert (await accounts.sign_up(**BOB | {"name": name})).name == name


def test_a_japanese_name_is_no_password() -> None:
    context = ["yamada@example.com", "山田　太郎"]
    assert strength.weakness("山田太郎", context) is not None
    assert strength.weakness("yamadayamada", context) is not None
