"""Browsers have names from a fixed vocabulary."""

import pytest

from quart_auth_app.accounts.browsers import OPERATOR, Browser, named, translated
from quart_auth_app.languages import Languages

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{WINDOWS} {CHROME}", "Chrome on Windows"),
        (f"{WINDOWS} {CHROME} Edg/142.0.0.0", "Edge on Windows"),
        (f"{WINDOWS} {CHROME} OPR/125.0.0.0", "Opera on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME}", "Chrome on Android"),
        (f"Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 {CHROME}", "Samsung Internet on Android"),
        (f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        (f"{PHONE} Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iOS"),
        (f"{PHONE} CriOS/142.0 Mobile/15E148 Safari/604.1", "Chrome on iOS"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME}", "Chrome on ChromeOS"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown browser"),
        ("<b>Buy at evil.example</b>", "Unknown browser"),
        ("<b>Buy</b> Windows", "Unknown browser on Windows"),
    ],
)
def test_a_browser_is_named_with_its_system(user_agent: str, name: str) -> None:
    assert named(user_agent) == name


@pytest.mark.parametrize(
    ("name", "in_spanish"),
    [
        ("Firefox on Linux", "Firefox en Linux"),
        ("Unknown browser on Windows", "Navegador desconocido en Windows"),
        ("Unknown browser", "Navegador desconocido"),
        ("curl", "curl"),
    ],
)
def test_a_browsers_name_is_translated(name: str, in_spanish: str) -> None:
    assert translated(name, Languages()["es"]) == in_spanish


def test_an_operator_has_no_browser_and_nobody_can_pretend_to_be_one() -> None:
    assert OPERATOR.name == ""
    assert Browser(address="", user_agent="").name == "Unknown browser"
