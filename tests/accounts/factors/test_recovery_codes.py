"""Recovery codes as they are made, typed and stored."""

import pytest

from quart_auth_app.accounts.factors import recovery_codes


@pytest.mark.asvs("6.5.2", "6.5.3", "6.5.4")
def test_a_set_has_ten_different_codes_of_120_bits() -> None:
    codes = recovery_codes.derived("a secret")
    assert len(set(codes)) == 10
    for code in codes:
        assert len(code.replace("-", "")) == 24
        assert set(code) <= {*recovery_codes.ALPHABET, "-"}


def test_a_code_is_known_again_however_it_is_typed() -> None:
    code = "0123-4567-89AB-CDEF-GHJK-MN01"
    plain = code.replace("-", "")
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)
    for typed in [code, plain, code.lower(), f" {code}\n", code.replace("-", " "), code.replace("-", "–"), wide]:
        assert recovery_codes.normalised(typed) == plain
    assert recovery_codes.normalised("oi23-4567-89ab-cdef-ghjk-mnOl") == plain


@pytest.mark.parametrize("typed", ["", "123456", "0123-4567", "U" * 24, "0" * 25, "\0" * 24, "é" * 24])
def test_what_can_be_no_code_is_none(typed: str) -> None:
    assert recovery_codes.normalised(typed) is None


def test_the_digest_does_not_depend_on_the_groups() -> None:
    code = recovery_codes.derived("a secret")[0]
    assert recovery_codes.digest(code) == recovery_codes.digest(code.replace("-", ""))
    assert len(recovery_codes.digest(code)) == 64
