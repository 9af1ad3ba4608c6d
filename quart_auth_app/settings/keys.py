"""Checks SECRET_KEY and SECRET_KEY_FALLBACKS: long enough, and no placeholder from a tutorial."""

from sqlalchemy.engine import URL

from quart_auth_app import instance, one_line
from quart_auth_app.instance import SettingsError

# 32 characters of base64 carry 192 bits; ASVS 11.2.3 asks for 128.
MIN_SECRET_KEY_LENGTH = 32
# Placeholders of tutorials and frameworks. Everybody knows them, so a key with one in it is weak at any length.
PLACEHOLDERS = (
    "changeme",
    "changethis",
    "djangoinsecure",
    "placeholder",
    "replaceme",
    "secretkeygoeshere",
    "yoursecret",
)
MAKE_A_KEY = """make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"""


def secret_key(value: str, database_url: URL, *, create: bool) -> str:
    if not value and database_url.drivername != "sqlite":
        raise SettingsError(f"SECRET_KEY is not set; with PostgreSQL all machines need the same one: {MAKE_A_KEY}")
    value = value or instance.secret_key(database_url, create=create)
    if len(value) < MIN_SECRET_KEY_LENGTH:
        raise SettingsError(
            f"SECRET_KEY has {len(value)} characters; it needs at least {MIN_SECRET_KEY_LENGTH}: {MAKE_A_KEY}"
        )
    if _is_placeholder(value):
        raise SettingsError(f"SECRET_KEY is a placeholder that anyone can guess: {MAKE_A_KEY}")
    return value


def fallbacks(value: str) -> tuple[str, ...]:
    keys = tuple(filter(None, (key.strip() for key in value.split(","))))
    if flaw := next(filter(None, map(one_line.flaw, keys)), ""):
        raise SettingsError(f"SECRET_KEY_FALLBACKS has commas between its keys, and one {flaw}")
    if any(len(key) < MIN_SECRET_KEY_LENGTH for key in keys):
        raise SettingsError(
            f"SECRET_KEY_FALLBACKS has a key of fewer than {MIN_SECRET_KEY_LENGTH} characters; "
            "allowed: earlier values of SECRET_KEY, with commas between"
        )
    if any(_is_placeholder(key) for key in keys):
        # Fallbacks verify cookies too, so somebody who guesses one could sign cookies with it.
        raise SettingsError("SECRET_KEY_FALLBACKS has a placeholder that anyone can guess; leave it out")
    return keys


def _is_placeholder(key: str) -> bool:
    letters = "".join(filter(str.isalnum, key.casefold()))
    return any(placeholder in letters for placeholder in PLACEHOLDERS)
