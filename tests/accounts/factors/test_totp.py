"""One-time codes: the RFC's vectors, drift, typing."""

from datetime import UTC, datetime, timedelta

import pytest

from quart_auth_app.accounts.factors import totp

SEED = b"12345678901234567890"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


# RFC 6238, appendix B, SHA-1; six of its eight digits.
@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, expected: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert totp.code(SEED, totp.step_at(now)) == expected
    assert totp.matching_step(SEED, expected, now=now) == seconds // 30


@pytest.mark.asvs("6.5.5", "6.5.8")
@pytest.mark.parametrize(("off", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(off: int, counts: bool) -> None:
    step = totp.step_at(NOW) + off
    assert totp.matching_step(SEED, totp.code(SEED, step), now=NOW) == (step if counts else None)


def test_a_clock_that_is_minutes_off_is_told_apart_from_a_wrong_code() -> None:
    there = totp.code(SEED, totp.step_at(NOW + timedelta(minutes=4)))
    assert totp.has_wrong_clock(SEED, there, now=NOW)
    last = totp.step_at(NOW) + 10
    assert totp.has_wrong_clock(SEED, totp.code(SEED, last), now=NOW)
    assert not totp.has_wrong_clock(SEED, totp.code(SEED, last + 1), now=NOW)
    assert not totp.has_wrong_clock(SEED, totp.code(SEED, totp.step_at(NOW + timedelta(minutes=20))), now=NOW)


@pytest.mark.parametrize("typed", ["{} {}", " {}{} ", "{}\u3000{}", "\t{}{}\r\n"])
def test_spaces_in_a_code_do_not_matter(typed: str) -> None:
    code = totp.code(SEED, totp.step_at(NOW))
    assert totp.matching_step(SEED, typed.format(code[:3], code[3:]), now=NOW)


def test_digits_of_a_japanese_keyboard_count() -> None:
    code = totp.code(SEED, totp.step_at(NOW))
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert totp.matching_step(SEED, wide, now=NOW)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "\0", "ü" * 6, "-28708", "９" * 7])
def test_what_is_no_code_matches_nothing(typed: str) -> None:
    assert totp.matching_step(SEED, typed, now=NOW) is None


def test_of_two_steps_with_the_same_code_the_newer_counts() -> None:
    """So that the code is used up for both."""
    earlier, later = 65_039_902, 65_039_904
    assert totp.code(SEED, earlier) == totp.code(SEED, later)
    now = datetime.fromtimestamp(30 * (earlier + 1), UTC)
    assert totp.matching_step(SEED, totp.code(SEED, later), now=now) == later


def test_before_the_first_step_there_is_none() -> None:
    first = datetime.fromtimestamp(0, UTC)
    assert totp.matching_step(SEED, "000000", now=first) is None
    assert totp.matching_step(SEED, totp.code(SEED, 0), now=first) == 0


@pytest.mark.asvs("6.5.3")
def test_seeds_are_random_and_long_enough() -> None:
    seeds = {totp.new_seed() for _ in range(100)}
    assert len(seeds) == 100
    assert {len(seed) for seed in seeds} == {20}


def test_the_key_is_shown_in_groups_of_four() -> None:
    assert totp.key(SEED) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"


def test_the_link_names_site_and_account_and_survives_their_characters() -> None:
    link = totp.uri(SEED, site="Ann & Bob: Shop", account="bob+x@bücher.example")
    assert link == (
        "otpauth://totp/Ann%20%26%20Bob%3A%20Shop:bob%2Bx@b%C3%BCcher.example"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ann%20%26%20Bob%3A%20Shop"
    )
