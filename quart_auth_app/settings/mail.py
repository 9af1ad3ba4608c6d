"""Checks MAIL_URL, MAIL_FROM and MAILED_LOGIN, and whether they fit together."""

from email.errors import HeaderParseError
from email.headerregistry import Address

from quart_auth_app import mail_urls
from quart_auth_app.instance import SettingsError
from quart_auth_app.mail_urls import MailUrl
from quart_auth_app.settings.values import is_chosen

MAX_MAIL_FROM = 200
"""Longest sender in characters: its domain is a part of each Message-ID, which has to fit the outbox's column."""


def mail_url(value: str, public_url: str | None) -> MailUrl | None:
    if not value:
        return None
    url = mail_urls.parsed(value)
    if not url:  # not shown: it may hold a password
        raise SettingsError(f"MAIL_URL is not an address that mail can be handed to. Allowed: {mail_urls.ALLOWED}")
    if url.scheme == "log" and (public_url or "").startswith("https://"):
        raise SettingsError(
            "MAIL_URL is log:, which prints links that let people in; it does not go with an https PUBLIC_URL"
        )
    if url.is_smtp and not public_url:
        raise SettingsError("PUBLIC_URL is not set; with smtp the links in mails need it: where users reach the site")
    return url


def mail_from(value: str, mail_url: MailUrl | None) -> str:
    if not value:
        if mail_url and mail_url.is_smtp:
            raise SettingsError("MAIL_FROM is not set; with smtp it has to be the address that mails come from")
        return "noreply@localhost"
    if len(value) > MAX_MAIL_FROM:
        raise SettingsError(f"MAIL_FROM has {len(value)} characters; allowed: at most {MAX_MAIL_FROM}")
    try:
        address = Address(addr_spec=value) if value.isascii() else None
    except (HeaderParseError, ValueError, IndexError):
        address = None
    if not address or not address.username or not address.domain:
        raise SettingsError("MAIL_FROM is not an address; allowed: one address in ASCII, such as accounts@example.com")
    return value


def mailed_login(value: str, mail_url: MailUrl | None) -> bool:
    is_on = not is_chosen("MAILED_LOGIN", value, "no", "yes")
    if is_on and not mail_url:
        raise SettingsError("MAILED_LOGIN is yes and MAIL_URL is not set: without mail nobody could log in by it")
    return is_on
