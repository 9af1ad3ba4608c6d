"""One language: its texts, its numbers and its dates."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from gettext import NullTranslations
from typing import NamedTuple

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

GROUPED_FROM = 10_000
"""Numbers from this one on are written in groups of three digits; shorter ones are readable without (ISO 80000-1)."""


class Plural(NamedTuple):
    """A text that depends on `{number}`: for one, and for any other number. A catalogue may have more forms."""

    one: str
    other: str


class Language:
    """A language. `code` is its BCP 47 tag, such as "ja"."""

    def __init__(self, code: str, texts: NullTranslations | None = None) -> None:
        self.code = code
        self.texts = texts or NullTranslations()

    @cached_property
    def name(self) -> str:
        """The language's name in the language itself."""
        return self.texts.pgettext("the name of your language, in your language", "English")

    @cached_property
    def direction(self) -> str:
        """The direction of writing: "ltr" or "rtl"."""
        return self.texts.pgettext("how your language is written: ltr or rtl", "ltr")

    def translated(self, text: str | Plural, /, **values: object) -> str:
        """Return the text in this language, with each `{name}` replaced by its value.

        A text that no catalogue has stays English. The value `number` chooses the form of a Plural.
        """
        if isinstance(text, Plural):
            number = values["number"]
            template = self.texts.ngettext(*text, number if isinstance(number, int) else 0)
        else:
            template = self.texts.gettext(text) if text else ""  # gettext("") is the catalogue's header
        return filled(template, {name: self._shown(value) for name, value in values.items()}) if values else template

    def number(self, given: int) -> str:
        """Return the number as this language writes it."""
        if abs(given) < GROUPED_FROM:
            return str(given)
        return f"{given:,}".replace(",", self.texts.pgettext("between thousands, as in 10,000", ","))

    def day(self, given: datetime) -> str:
        """Return the date in UTC, such as “1 January 2030”. Not by strftime, which uses the locale of the process."""
        given = given.astimezone(UTC)
        month = self.texts.gettext(MONTHS[given.month - 1])
        return self.translated("{day} {month} {year}", day=str(given.day), month=month, year=str(given.year))

    def moment(self, given: datetime) -> str:
        """Return date and time in UTC, such as “1 January 2030, 09:05 UTC”."""
        return self.translated("{day}, {time} UTC", day=self.day(given), time=f"{given.astimezone(UTC):%H:%M}")

    def date(self, given: datetime) -> str:
        """Return the date in UTC in digits, such as “2030-01-01”, for mails."""
        given = given.astimezone(UTC)
        return self.translated("{year}-{month}-{day}", year=f"{given:%Y}", month=f"{given:%m}", day=f"{given:%d}")

    def date_and_time(self, given: datetime) -> str:
        """Return date and time in UTC, such as “2030-01-01 at 09:05 UTC”, for mails."""
        return self.translated("{date} at {time} UTC", date=self.date(given), time=f"{given.astimezone(UTC):%H:%M}")

    def _shown(self, value: object) -> object:
        return self.number(value) if isinstance(value, int) and not isinstance(value, bool) else value


ENGLISH = Language("en")


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return the template with each `{name}` replaced by its value. Unlike `str.format` it can't read attributes."""
    return re.sub(r"\{(\w+)\}", lambda name: str(values[name[1]]), template)
