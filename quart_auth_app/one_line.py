"""What is wrong with a text that has to be one line, such as a secret that an editor has stored."""

from unicodedata import category

INVISIBLE = ("Cc", "Cf", "Zl", "Zp")
"""Unicode's categories of characters without a picture of their own, spaces excepted."""

JOINERS = "\u200c\u200d"
"""Invisible, but letters of some languages and emoji are written with them."""

UNREADABLE = {"\0", "\ufffd"}
"""What is in a user, a password or a path after %00, or after a % that hides no text in UTF-8, has been decoded."""


def flaw(text: str) -> str:
    """Return what is wrong and what to do, to follow the name of the setting or file; "" if nothing is wrong.

    The text is not repeated. Spaces are fine, and so are letters of any language.
    """
    if "\ufeff" in text:
        return "has a byte order mark in it, as some editors write; save it as UTF-8 without one"
    if "\0" in text:
        return "has a NUL in it, as UTF-16 has; save it as UTF-8"
    if len(text.splitlines()) > 1:
        return "has more than one line; allowed: one line"
    if any(category(each) in INVISIBLE and each not in JOINERS for each in text):
        return "has an invisible character in it, such as a tab; type it again"
    return ""
