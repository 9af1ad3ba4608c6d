"""A made-up language for tests: each text of the catalogue stands in brackets, and is written from right to left.

What is visible outside of brackets is either data or a text that no catalogue has.
"""

import re
from gettext import NullTranslations
from html.parser import HTMLParser

from quart import Quart

from quart_auth_app.languages import Language
from tests.conftest import services_of

CODE = "ar-XB"
"""Android's code for such a language too: browsers treat it as Arabic, and no country has the code."""
HEADERS = {"Accept-Language": CODE}

_TAGS_AND_VALUES = re.compile(r"(<[^>]*>)|(%\(\w+\)s|\{\w+\})")

WORDS_IN = {"alt", "aria-label", "placeholder", "title", "label", "aria-description", "aria-roledescription"}
"""Attributes that people read or hear. Those that begin with `data-` hold words of scripts, or JSON."""


def bracketed(text: str) -> str:
    """Return the text in brackets, without the values in it: those are data, or texts of their own."""
    return "⟦" + _TAGS_AND_VALUES.sub(lambda found: found[1] or f"⟧{found[2]}⟦", text) + "⟧"


class Pseudo(NullTranslations):
    """Every text in brackets."""

    def gettext(self, message: str) -> str:
        return bracketed(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return bracketed(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return "rtl" if message == "ltr" else bracketed(message)


def offer(app: Quart) -> None:
    """Let the application offer the language too."""
    services_of(app).languages.add(Language(CODE, Pseudo()))


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.texts: list[str] = []
        self.read: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        own_language = "lang" in given and tag != "html"
        if tag not in {"input", "meta", "link", "img", "br", "hr"}:
            self.inside.append("skip" if tag in {"style", "script", "code", "time"} or own_language else tag)
        if "skip" in self.inside and not own_language and tag != "script":
            return
        self.texts += [value or "" for name, value in attrs if name in WORDS_IN]
        if tag == "input" and given.get("type") in {"submit", "button", "reset"}:
            self.texts.append(given.get("value") or "")
        if tag == "script":
            self.texts += [value or "" for name, value in attrs if name.startswith("data-")]

    def handle_endtag(self, tag: str) -> None:
        if self.inside:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if "skip" not in self.inside:
            self.read.append(data)


def outside(text: str) -> str:
    """Return what stands outside of all brackets."""
    while text != (text := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)):
        pass
    return text


def leaks(page: str, *data: str) -> list[str]:
    """Return the words of a page, or of a mail, that are neither in brackets nor in `data`."""
    parser = _Texts()
    parser.feed(page)
    visible = "\n".join([outside("".join(parser.read)), *map(outside, parser.texts)])
    for known in sorted(data, key=len, reverse=True):
        visible = visible.replace(known, " ")
    return re.findall(r"[^\W\d_]{2,}", visible)
