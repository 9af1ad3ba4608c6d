"""MAIL_URL, MAIL_FROM, MAILED_LOGIN, SITE_NAME and SIGN_UP: what is allowed, and sentences that show no secret."""

from pathlib import Path

import pytest

from quart_auth_app import mail_urls
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import Settings
from tests.conftest import MakeApp
from tests.people import BOB, text

SMTP = {"PUBLIC_URL": "https://example.com", "MAIL_FROM": "accounts@example.com"}


def read(**config: str) -> Settings:
    """Return the settings that these make."""
    return Settings.read({"DATABASE_URL": "sqlite://"} | config, {})


@pytest.mark.parametrize(
    ("value", "host", "port", "user", "password"),
    [
        ("smtp://mail.example.com", "mail.example.com", 587, "", ""),
        ("smtps://mail.example.com", "mail.example.com", 465, "", ""),
        ("smtp://bob:pw@mail.example.com:2525", "mail.example.com", 2525, "bob", "pw"),
        ("smtp://bob%40example.com:p%40%2Fw%3A@mail.example.com", "mail.example.com", 587, "bob@example.com", "p@/w:"),
        ("smtp://[::1]:25/", "::1", 25, "", ""),
    ],
)
def test_a_mail_servers_address_is_read(value: str, host: str, port: int, user: str, password: str) -> None:
    url = read(**SMTP, MAIL_URL=value).mail_url
    assert url
    assert (url.host, url.port, url.user, url.password) == (host, port, user, password)
    assert "p@/w:" not in repr(url)


def test_log_in_by_mail_is_off_unless_it_is_switched_on_and_needs_mail() -> None:
    assert not read(MAIL_URL="log:").mailed_login
    assert not read(MAIL_URL="log:", MAILED_LOGIN="no").mailed_login
    assert read(MAIL_URL="log:", MAILED_LOGIN="yes").mailed_login
    with pytest.raises(SettingsError, match=r"^MAILED_LOGIN is 'maybe'; allowed: no, yes$"):
        read(MAIL_URL="log:", MAILED_LOGIN="maybe")
    with pytest.raises(SettingsError, match=r"^MAILED_LOGIN is yes and MAIL_URL is not set"):
        read(MAILED_LOGIN="yes")


def test_a_folder_and_standard_output_need_neither_a_sender_nor_an_address() -> None:
    assert read(MAIL_URL="file:///var/mail%20out").mail_url == mail_urls.MailUrl(scheme="file", folder="/var/mail out")
    assert read(MAIL_URL="log:").mail_url == mail_urls.MailUrl(scheme="log")
    assert read().mail_url is None


@pytest.mark.asvs("2.2.1", "16.2.5")
@pytest.mark.parametrize(
    "value",
    [
        "mail.example.com",
        "http://hunter2@mail.example.com",
        "smtp://",
        "smtp://:hunter2@mail.example.com",
        "smtp://bob@mail.example.com",
        "smtp://bob:hunter2@mail.example.com:99999",
        "smtp://bob:hunter2@mail.example.com:0",
        "smtp://bob:hun/ter2@mail.example.com",
        "smtp://bob:hunter2#@mail.example.com",
        "smtp://bob:hunter2@mail.example.com/path",
        "smtp://bob:hunter2@mail.example.com?tls=no",
        "smtp://bob:hunter2@mail example.com",
        "file://host/hunter2",
        "file:",
    ],
)
def test_a_mail_address_that_cant_be_used_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^MAIL_URL is not an address") as refusal:
        read(**SMTP, MAIL_URL=value)
    assert "hun" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_mail_address_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mail_url"
    file.write_text("smtp://bob:pw@mail.example.com\n")
    url = read(**SMTP, MAIL_URL_FILE=str(file)).mail_url
    assert url
    assert url.password == "pw"


def test_links_are_not_printed_where_people_reach_the_site_by_https() -> None:
    with pytest.raises(SettingsError, match=r"^MAIL_URL is log:.*https PUBLIC_URL$"):
        read(MAIL_URL="log:", PUBLIC_URL="https://example.com")


@pytest.mark.parametrize("missing", SMTP)
def test_a_mail_server_needs_a_sender_and_an_address_for_links(missing: str) -> None:
    with pytest.raises(SettingsError, match=f"^{missing} is not set"):
        read(**{name: value for name, value in SMTP.items() if name != missing}, MAIL_URL="smtp://mail.example.com")


@pytest.mark.parametrize(
    "value", ["nobody", "@example.com", "a@b, c@d", "Bob <bob@example.com>", "bob@exämple.com", "bob@", "a b@c"]
)
def test_the_sender_is_one_address(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^MAIL_FROM is not an address"):
        read(MAIL_FROM=value)


def test_the_sites_name_is_short() -> None:
    with pytest.raises(SettingsError, match=r"^SITE_NAME has 65 characters"):
        read(SITE_NAME="x" * 65)
    assert read().site_name == "Quart Auth App"


async def test_the_sites_name_is_escaped_in_the_titles(make_app: MakeApp) -> None:
    client = make_app(SITE_NAME="Bob & <b>Sons</b>").test_client()
    page = await (await client.get("/login")).get_data(as_text=True)
    assert "<title>Login · Bob &amp; &lt;b&gt;Sons&lt;/b&gt;</title>" in page


def test_sign_up_is_open_or_closed() -> None:
    assert (read().sign_up_open, read(SIGN_UP="open").sign_up_open, read(SIGN_UP="closed").sign_up_open) == (
        True,
        True,
        False,
    )
    with pytest.raises(SettingsError, match=r"^SIGN_UP is 'yes'; allowed: open, closed$"):
        read(SIGN_UP="yes")


async def test_where_sign_up_is_closed_nobody_signs_up_and_the_pages_say_so(make_app: MakeApp) -> None:
    client = make_app(SIGN_UP="closed").test_client()
    for page in ("/", "/login"):
        assert "Sign" not in await text(await client.get(page))
    page = await (await client.get("/signup")).get_data(as_text=True)
    assert "Accounts here are made by the operator" in page
    assert '<form method="post" action="/signup"' not in page
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    assert (await client.get("/profile")).status_code == 302
