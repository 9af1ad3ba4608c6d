"""zxcvbn's words in little memory: the same answers as from its own dicts."""

import logging
import random
import subprocess
import sys

import pytest
from zxcvbn import matching
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from quart_auth_app import third_party
from quart_auth_app.accounts.passwords import ranked_words
from quart_auth_app.accounts.passwords.ranked_words import RankedWords

OWN = {name: matching.build_ranked_dict(words) for name, words in FREQUENCY_LISTS.items()}
"""zxcvbn's dictionaries as it makes them itself."""


def test_every_word_has_its_rank() -> None:
    packed = matching.RANKED_DICTIONARIES
    assert {name: type(packed[name]) for name in OWN} == dict.fromkeys(OWN, RankedWords)
    assert {name: {word: packed[name][word] for word in OWN[name]} for name in OWN} == OWN
    assert all(word in packed[name] for name in OWN for word in OWN[name])


def test_no_other_text_is_taken_for_a_word() -> None:
    words = list(OWN["passwords"])
    texts = {part for word in words for part in (word[:-1], word[1:], word + "1", word[::-1])}
    texts |= {"", "\t", "\n", "pas", "password\t2", "password\t2\n", "\npassword", "123456\t1\n12345678", "\u00e9" * 3}
    found = {(name, text) for name in OWN for text in texts if text in matching.RANKED_DICTIONARIES[name]}
    assert found == {(name, text) for name in OWN for text in texts if text in OWN[name]}


def test_two_lines_are_no_word() -> None:
    """A password may hold what is between two words."""
    assert "abcd\t1\ne" not in RankedWords({"abcd": 1, "abce": 2})


def test_passwords_are_rated_as_by_zxcvbns_own_dicts() -> None:
    dice = random.Random(20)  # noqa: S311  # the same passwords each time
    words = [word for name in OWN for word in OWN[name]]
    packed = {name: matching.RANKED_DICTIONARIES[name] for name in OWN}  # without what an earlier rating has left there
    for _ in range(300):
        password = "".join(dice.choice([dice.choice(words), dice.choice("1990 $@!3\n\t-")]) for _ in range(4))[:40]
        assert matching.dictionary_match(password, packed) == matching.dictionary_match(password, OWN)
        assert matching.l33t_match(password, packed) == matching.l33t_match(password, OWN)


def test_the_words_are_kept_once_and_small() -> None:
    """Python's own count of what it holds: 11 MB with zxcvbn's lists and dicts, on any machine."""
    code = """
import importlib, tracemalloc
from zxcvbn import matching
from quart_auth_app.accounts.passwords import ranked_words
tracemalloc.start()
importlib.reload(matching)
print(tracemalloc.get_traced_memory()[0])
ranked_words.pack()
print(tracemalloc.get_traced_memory()[0])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own, packed = map(int, run.stdout.split())
    assert packed < 4_000_000 < 10_000_000 < own


def test_another_version_of_zxcvbn_keeps_its_own_dicts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own = {"words": {"password": 1}}
    monkeypatch.setattr(matching, "RANKED_DICTIONARIES", own)
    monkeypatch.setattr(third_party, "version", lambda _package: "99")
    third_party.is_for.cache_clear()
    try:
        with caplog.at_level(logging.WARNING, "quart_auth_app.third_party"):
            ranked_words.pack()
    finally:
        third_party.is_for.cache_clear()
    assert own == {"words": {"password": 1}}
    assert "zxcvbn 99" in caplog.text
