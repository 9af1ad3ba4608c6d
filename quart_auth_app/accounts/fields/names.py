"""Which names are allowed, in every script."""

import re
import unicodedata

from quart_auth_app.accounts.errors import InvalidName, NameHasControls, NameInvisible, NameTooLong

MAX_LENGTH = 100
"""Longest name in characters."""

# Embeddings, overrides and isolates change the order of the text around a name (Unicode TR 9; CVE-2021-42574).
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Letters and symbols by category that are blank on the screen: Hangul fillers, the Braille pattern without dots, the
# note without a head.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")

# Marks and joiners shape the characters beside them and show nothing alone. Cn are characters that this Python's
# Unicode version does not have yet, mostly new emoji.
_SHOWS_SOMETHING = ("L", "N", "P", "S", "Cn")

# \s without line breaks.
_SPACES_AROUND = re.compile(r"^[^\S\n\r\v\f\x1c-\x1f\x85\u2028\u2029]+|[^\S\n\r\v\f\x1c-\x1f\x85\u2028\u2029]+$")


def validated(name: str) -> str:
    """Return the name without surrounding spaces, of any kind in Unicode, or tabs.

    Inside, spaces, joiners (U+200C, U+200D) and marks are kept; a tab becomes a space. Raises InvalidName or a child of
    it.
    """
    name = _SPACES_AROUND.sub("", name).replace("\t", " ")
    if not name.strip():
        raise InvalidName
    if len(name) > MAX_LENGTH:
        raise NameTooLong(max_length=MAX_LENGTH)
    if any(_is_control(character) for character in name):
        raise NameHasControls
    if not any(_is_visible(character) for character in name):
        raise NameInvisible
    return name


def _is_control(character: str) -> bool:
    # Cc: control codes. Cs: lone surrogates. Zl, Zp: line breaks.
    return character in _BIDI_CONTROLS or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _is_visible(character: str) -> bool:
    return unicodedata.category(character).startswith(_SHOWS_SOMETHING) and character not in _BLANK
