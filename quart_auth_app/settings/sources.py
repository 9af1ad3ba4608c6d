"""Reads a setting's value from a configuration, the environment, or a file that one of them names."""

from collections.abc import Mapping

from quart_auth_app import instance, one_line
from quart_auth_app.instance import SettingsError

MAX_VALUE = 2000
"""Longest value in characters, keys excepted: error messages repeat values, and have to stay readable."""

SECRETS = ("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "MAIL_URL", "FLASK_SECURITY_PASSWORD_SALT")
"""Settings that may come from a file instead, named by NAME_FILE, as container platforms provide secrets."""

SEVERAL_KEYS = "SECRET_KEY_FALLBACKS"
"""Has one line for each key, or one for all. `deploy/make-secrets` makes its file before there is a key to write."""

MAX_FILE = instance.MAX_FILE
"""Largest file with a secret, in bytes; this also stops reading an endless one such as /dev/zero."""


def given(name: str, source: Mapping[str, object]) -> str:
    """Return a setting's value from `source`, or from the file that it names; "" if it is not set."""
    path = _text(f"{name}_FILE", source.get(f"{name}_FILE")) if may_be_a_file(name) else ""
    value = _text(name, source.get(name))
    if not path:
        return value
    if value:
        raise SettingsError(f"{name} and {name}_FILE are both set; allowed: one of them")
    content = _text(name, _content(f"{name}_FILE", path))
    if not content and name != SEVERAL_KEYS:
        # As if it were not set, the site would go on with an empty database of its own, or without mail.
        raise SettingsError(f"{name}_FILE is a file with nothing in it")
    return content


def may_be_a_file(name: str) -> bool:
    return name in SECRETS or name.endswith("_CLIENT_SECRET")


def _content(name: str, path: str) -> str:
    # The path is not shown: it may be the secret itself, if that was put into NAME_FILE by mistake.
    try:
        with instance.opened(path) as file:
            content = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise SettingsError(f"{name} is a file that can't be read: {reason}") from None
    if len(content) > MAX_FILE:
        raise SettingsError(f"{name} is a file of more than {MAX_FILE} bytes, so it can't be the right one")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is a file that can't be read: it is not text in UTF-8; save it as that") from None


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()
    try:
        text.encode()
    except UnicodeEncodeError:  # the environment may hold any bytes
        raise SettingsError(f"{name} is not text in UTF-8") from None
    if len(text) > MAX_VALUE and not name.startswith("SECRET_KEY") and not name.endswith("_FILE"):
        raise SettingsError(f"{name} has {len(text)} characters; allowed: at most {MAX_VALUE}")
    if name != SEVERAL_KEYS and (flaw := one_line.flaw(text)):
        raise SettingsError(f"{name} {flaw}")
    # For Python, other spaces than the usual one can't be printed; Japanese is written with one, and so may a key be.
    if not text.isprintable() and not (name.startswith("SECRET_KEY") or name == "SITE_NAME" or name.endswith("_LABEL")):
        raise SettingsError(f"{name} has a space or another character in it that can't be printed; type it again")
    return text
