"""The browser that sends a request, and names for browsers.

Names come from a fixed list, so that no text of a client appears in a list or a mail. Both tables are searched from the
top, because most user agents also contain the names of other browsers: Edge's has Chrome, and Chrome's has Safari.
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
"""A part of the user agent, and the browser's name."""

# An iPad's user agent is that of a Mac, so it is listed as one.
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
"""A part of the user agent, and the system's name."""

UNKNOWN = "Unknown browser"


@dataclass(frozen=True, kw_only=True)
class Browser:
    """The sender of a command about an account: a browser, or the operator."""

    address: str
    """The client's IP address."""
    user_agent: str = ""
    device: Device | None = None
    """Its device if it has logged in before, to any account."""
    token: str | None = None
    """The token of its current session; a new session replaces that one."""
    language: str | None = None
    """The code of the language that the person has chosen or the browser asks for; None if it is none of ours."""
    form: str | None = None
    """The key of the form that it sends, see `double_clicks`; None for a form that may be sent repeatedly."""
    is_operator: bool = False
    """Whether this is an operator's command instead of a browser."""

    def device_for(self, user: Account | None) -> str | None:
        """Return the device's id for its own limits if it has logged in to this account before, see `throttle`."""
        return self.device.id if user and self.device and self.device.is_known_to(user) else None

    @property
    def name(self) -> str:
        """Its name, such as “Firefox on Linux”; empty for an operator."""
        return "" if self.is_operator else named(self.user_agent)


OPERATOR = Browser(address="", is_operator=True)
"""The `Browser` of operators' commands."""


def named(user_agent: str) -> str:
    """Return the names of the browser and its system, if they are in our tables."""
    browser = _first(_BROWSERS, user_agent) or UNKNOWN
    system = _first(_SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def translated(name: str, language: Language) -> str:
    """Translate a name that `named` returned."""
    browser, on, system = name.partition(" on ")
    if not on:
        return language.translated(name)
    return language.translated("{browser} on {system}", browser=language.translated(browser), system=system)


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for part, name in table if part in user_agent), None)
