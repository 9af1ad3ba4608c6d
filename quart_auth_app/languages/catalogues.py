"""The languages of an application, and the choice for a browser.

A catalogue is `locales/LANGUAGE/LC_MESSAGES/messages.mo`, in our package and in a site's folder. A text is looked up in
the site's catalogue first, then in ours.
"""

import gettext
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from quart_auth_app.languages.language import ENGLISH, Language

DOMAIN = "messages"
OURS = Path(__file__).parents[1] / "locales"

MAX_HEADER = 256
"""Longest Accept-Language that is read, in characters; browsers send up to about 100."""


MAX_CODE = 30
"""Longest code that a message repeats, in characters: it may be a secret that was put into the wrong variable."""


class NoCatalogue(ValueError):
    """A language has no catalogue."""


class Languages(Mapping[str, Language]):
    """The languages that an application offers, by code. The first is the default."""

    def __init__(self, codes: Sequence[str] = (), *, sites_own: Path | None = None) -> None:
        """Offer these languages, or without `codes` all that have a catalogue. Raises NoCatalogue."""
        folders = [OURS, *([sites_own] if sites_own else [])]
        there = {ENGLISH.code, *(code for folder in folders for code in _codes(folder))}
        if unknown := set(codes) - there:
            shown = sorted(code if len(code) <= MAX_CODE else f"a value of {len(code)} characters" for code in unknown)
            raise NoCatalogue(f"{', '.join(shown)}; allowed: {', '.join(sorted(there))}")
        chosen = codes or sorted(there, key=lambda code: (code != ENGLISH.code, code))
        self._languages = {code: _language(code, folders) for code in chosen}
        self.default = self._languages[chosen[0]]
        self._preferred = lru_cache(maxsize=500)(self._find_preferred)  # browsers send a few hundred different values

    def add(self, language: Language) -> None:
        """Offer one more language, such as an invented one in tests."""
        self._languages[language.code] = language
        self._preferred.cache_clear()

    def __getitem__(self, code: str) -> Language:
        return self._languages[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._languages)

    def __len__(self) -> int:
        return len(self._languages)

    def asked_for(self, header: str) -> Language | None:
        """Return the language that an Accept-Language prefers (RFC 4647, look-up); None if it names none of ours."""
        return self._preferred(header) if len(header) <= MAX_HEADER else None

    def _find_preferred(self, header: str) -> Language | None:
        by_lower = {code.lower(): language for code, language in self._languages.items()}
        for wanted in _ranges(header):
            tag = wanted
            while tag:
                if tag in by_lower:
                    return by_lower[tag]
                tag = tag.rpartition("-")[0]
            for code, language in by_lower.items():  # "pt" also accepts pt-br
                if code.startswith(f"{wanted}-"):
                    return language
        return None


def _ranges(header: str) -> list[str]:
    """Return the tags of an Accept-Language, in lower case, preferred ones first; malformed parts are skipped."""
    found = []
    for part in header.lower().split(","):
        tag, *parameters = (each.strip() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            quality = float(weight)
        except ValueError:
            continue
        if tag and tag != "*" and 0 < quality <= 1:
            found.append((quality, tag))
    return [tag for _, tag in sorted(found, key=lambda each: -each[0])]


def _codes(folder: Path) -> list[str]:
    return [file.parts[-3].replace("_", "-") for file in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")]


def _language(code: str, folders: Sequence[Path]) -> Language:
    texts: gettext.NullTranslations | None = None
    for folder in folders:
        file = folder / code.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.mo"
        if file.is_file():
            with file.open("rb") as opened:
                found = gettext.GNUTranslations(opened)
            if texts:
                found.add_fallback(texts)
            texts = found
    return Language(code, texts) if texts else ENGLISH
