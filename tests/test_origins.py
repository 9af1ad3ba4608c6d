"""The site knows its own origin in the form in which browsers send it."""

import os

import pytest

from quart_auth_app import origins
from quart_auth_app.settings import Settings
from tests.conftest import MakeApp
from tests.databases import SECRET_KEY


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example:443/", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://日本。example", "https://xn--wgv71a.example"),
        ("HTTP://Site.Example:080", "http://site.example"),
        ("https://site.example:", "https://site.example"),
        ("http://site.example:443", "http://site.example:443"),
        ("https://under_score.example:8443", "https://under_score.example:8443"),
        ("http://[2001:DB8:0:0::1]:80", "http://[2001:db8::1]"),
        ("https://a\u2f00b..example", None),
        ("http://☃.example", "http://xn--n3h.example"),
        ("https://I❤.example:443", "https://xn--i-7iq.example"),
        ("http://127.1", "http://127.0.0.1"),
        ("http://0x7f.1:8000", "http://127.0.0.1:8000"),
        ("http://0177.0.0.1.", "http://127.0.0.1"),
        ("http://2130706433", "http://127.0.0.1"),
        ("http://0x", "http://0.0.0.0"),
        ("http://１２７.１", "http://127.0.0.1"),
        ("http://1.2.3.4.example", "http://1.2.3.4.example"),
        ("http://256.0.0.1", None),
        ("http://1.2.3.4.5", None),
        ("http://4294967296", None),
        ("http://08.1", None),
        ("http://site.1", None),
        ("http://a b", None),
        ("http://a%62", None),
        ("http://[nonsense]", None),
        ("ftp://site.example", None),
        ("null", None),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str | None) -> None:
    assert origins.origin(url) == origin


@pytest.mark.parametrize("public_url", ["https://bücher.example", "https://Xn--Bcher-Kva.example:443/"])
async def test_a_form_from_a_site_with_a_name_beyond_ascii_is_its_own(make_app: MakeApp, public_url: str) -> None:
    client = make_app(PUBLIC_URL=public_url).test_client()
    response = await client.post("/login", headers={"Origin": "https://xn--bcher-kva.example"})
    assert response.status_code == 302
    response = await client.post("/login", headers={"Origin": "https://bucher.example"})
    assert response.status_code == 403


def test_a_password_must_not_be_built_on_the_name_that_people_know() -> None:
    settings = Settings.read({"PUBLIC_URL": "https://bücher.example", "SECRET_KEY": SECRET_KEY}, os.environ)
    assert settings.site == "bücher.example"


@pytest.mark.parametrize(
    ("origin", "trustworthy"),
    [
        ("https://site.example", True),
        ("http://localhost:8000", True),
        ("http://app.localhost", True),
        ("http://127.0.0.2", True),
        ("http://[::1]:8000", True),
        ("http://localhost.example", False),
        ("http://192.168.1.2", False),
    ],
)
def test_browsers_trust_https_and_this_machine(origin: str, trustworthy: bool) -> None:
    assert origins.is_trustworthy(origin) == trustworthy
