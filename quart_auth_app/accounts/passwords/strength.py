"""How hard a new password is to guess, as zxcvbn estimates it."""

import re
import threading

from zxcvbn import zxcvbn

MIN_SCORE = 3
"""Of 4. Below 3, zxcvbn expects fewer than 10^8 guesses to do: days for somebody who has the hash."""

MAX_RATED = 72
"""Characters that are rated: zxcvbn refuses more, as its time grows steeply with them. More only make it stronger."""

PRODUCT = "quart auth app"
"""Our own name is on the pages, so it is among the first guesses too."""

# zxcvbn keeps the words it is given in a module-wide table, so two threads would mix up two people's words.
_one_at_a_time = threading.Lock()


def advice(password: str, context: list[str]) -> list[str] | None:
    """Return sentences that say why `password` is too easy to guess and what would help, None if it is fine.

    `context` are texts that an attacker would try first: address, name, the site's name. They count as guessable whole,
    in parts, and written as one word.
    """
    with _one_at_a_time:
        result = zxcvbn(password[:MAX_RATED], user_inputs=sorted(_guesses([PRODUCT, *context])))
    if result["score"] >= MIN_SCORE:
        return None
    feedback = result["feedback"]
    sentences = [feedback["warning"], *feedback["suggestions"]]
    return [sentence if sentence.endswith(".") else f"{sentence}." for sentence in sentences if sentence]


def _guesses(texts: list[str]) -> set[str]:
    found: set[str] = set()
    for part in (part for text in texts for part in (text, *text.split("@"))):
        words = re.split(r"[\W_]+", part)
        found |= {part, "".join(words), *words}
    return {word for word in found if len(word) > 2}
