"""Browsers: what is known of the one that asks, and what people call it.

Names come from a fixed vocabulary, so that nothing a client made up stands in a list or a mail. Both tables are read
from the top, as most browsers also claim to be others: Edge says Chrome, and Chrome says Safari.
"""

from dataclasses import dataclass

from quart_auth_app.accounts.devices import Account, Device
from quart_auth_app.languages import Language

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
"""What a user agent contains, and the browser's name."""

# An iPad calls itself a Mac, and there is no telling.
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
"""What a user agent contains, and the system's name."""

UNKNOWN = "Unknown browser"


@dataclass(frozen=True, kw_only=True)
class Browser:
    """What asks for something to be done to an account."""

    address: str
    """The client's IP address."""
    user_agent: str = ""
    device: Device | None = None
    """What it is known as if it has logged in before, to whatever account."""
    token: str | None = None
    """The token of the session that it has now; a new session replaces it."""
    language: str | None = None
    """The code of the language that its person has chosen, or that it asks for; None if it asks for none of ours."""
    form: str | None = None
    """Stands for the form that it sends, see `double_clicks`; None for one that can be sent any number of times."""
    is_operator: bool = False
    """Whether it is no browser but an operator's command."""

    def device_for(self, user: Account | None) -> str | None:
        """Return what it is counted by if it has logged in to this account before, see `throttle`."""
        return self.device.id if user and self.device and self.device.is_known_to(user) else None

    @property
    def name(self) -> str:
        """What people call it, such as “Firefox on Linux”; empty for an operator."""
        return "" if self.is_operator else named(self.user_agent)


OPERATOR = Browser(address="", is_operator=True)
"""Stands for the operator's commands, which have no browser."""


def named(user_agent: str) -> str:
    """Return the browser's and its system's name, as far as they are known."""
    browser = _first(_BROWSERS, user_agent) or UNKNOWN
    system = _first(_SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def translated(name: str, language: Language) -> str:
    """Return what `named` returned, in another language."""
    browser, on, system = name.partition(" on ")
    if not on:
        return language.translated(name)
    return language.translated("{browser} on {system}", browser=language.translated(browser), system=system)


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for part, name in table if part in user_agent), None)
