"""How hard a new password is to guess, as zxcvbn estimates it."""

import re
import threading
from enum import StrEnum
from typing import Any

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE

from quart_auth_app.accounts.passwords import ranked_words

MIN_SCORE = 3
"""Lowest accepted score, of 4. Below 3, zxcvbn expects fewer than 10^8 guesses: days for somebody with the hash."""

MAX_RATED = 72
"""How many characters are rated: zxcvbn refuses more, as its time grows steeply. Further ones only add strength."""

MAX_WORK = 16 * MAX_RATED**2
"""Limit on the work of a rating: the ways to undo substitutions (such as $ for s), times the square of the length.
zxcvbn looks up each part of the password once for each way: with a thousand ways, 72 characters take seconds."""

MIN_RATED = 16
"""How many characters are rated whatever the work. So many random characters have a score of 4."""

PRODUCT = "quart auth app"
"""Our own name, which is on the pages, and so one of an attacker's first guesses."""

ranked_words.pack()

# zxcvbn stores the words of `user_inputs` in a global table, so two threads would mix up two people's words.
_one_at_a_time = threading.Lock()


class Weakness(StrEnum):
    """Why a password is easy to guess."""

    COMMON = "common"
    """It is, or is built on, a password that many people have."""
    DATE = "date"
    """It is built on a date or a year."""
    KEYBOARD = "keyboard"
    """It is built on keys that lie side by side."""
    NAME = "name"
    """It is built on a frequent name."""
    PERSONAL = "personal"
    """It is built on a text of `context`."""
    REPEAT = "repeat"
    """It repeats itself."""
    SEQUENCE = "sequence"
    """It is built on a sequence such as abc or 6543."""
    SHORT = "short"
    """It is only too short."""
    WORD = "word"
    """It is built on a single word."""


_BY_PATTERN = {
    "date": Weakness.DATE,
    "regex": Weakness.DATE,  # zxcvbn's one regular expression is for recent years
    "repeat": Weakness.REPEAT,
    "sequence": Weakness.SEQUENCE,
    "spatial": Weakness.KEYBOARD,
}
_BY_DICTIONARY = {
    "female_names": Weakness.NAME,
    "male_names": Weakness.NAME,
    "passwords": Weakness.COMMON,
    "surnames": Weakness.NAME,
    "user_inputs": Weakness.PERSONAL,
}


def weakness(password: str, context: list[str]) -> Weakness | None:
    """Return why `password` is too easy to guess, None if it is not.

    `context` are texts that an attacker would try first: the address, the name, the site's name. They count as
    guessable as a whole, in parts, and written as one word.
    """
    with _one_at_a_time:
        result = zxcvbn(_rated(password), user_inputs=sorted(_guesses([PRODUCT, *context])))
    return None if result["score"] >= MIN_SCORE else _reason(result["sequence"])


def _reason(sequence: list[dict[str, Any]]) -> Weakness:
    # The longest guessable part decides, as changing a shorter one would help less.
    guessable = [part for part in sequence if part["pattern"] != "bruteforce"]
    if not guessable:
        return Weakness.SHORT
    longest = max(guessable, key=lambda part: len(part["token"]))
    if longest["pattern"] == "dictionary":
        return _BY_DICTIONARY.get(longest["dictionary_name"], Weakness.WORD)
    return _BY_PATTERN[longest["pattern"]]


def _rated(password: str) -> str:
    """Return as much of the password's beginning as can be rated in bounded time."""
    rated = password[:MAX_RATED]
    while len(rated) > MIN_RATED and _ways(rated) * len(rated) ** 2 > MAX_WORK:
        rated = rated[:-1]
    return rated


def _ways(password: str) -> int:
    """Return an upper bound of zxcvbn's ways to read the password's digits and signs as letters."""
    used: set[str] = set()
    ways = 1
    for signs in L33T_TABLE.values():
        found = set(signs) & set(password)
        # zxcvbn tries a sign that may stand for two letters as each of them.
        ways *= max(1, len(found) + len(found & used))
        used |= found
    return ways


def _guesses(texts: list[str]) -> set[str]:
    found: set[str] = set()
    for part in (part for text in texts for part in (text, *text.split("@"))):
        words = re.split(r"[\W_]+", part)
        found |= {part, "".join(words), *words}
    return {word for word in found if len(word) > 2}
