"""A pytest plugin for the tests of a site. Its conftest.py says `pytest_plugins = ["quart_auth_app.testing"]`.

A site with an application of its own replaces the fixture `app`; all others work on it. Needs pytest-asyncio.

PYTEST_DONT_REWRITE: a conftest.py may import names from here before pytest loads the plugin.
"""

from quart_auth_app.testing.applications import (
    SECRET_KEY,
    app,
    cheap_hashes,
    fresh_database,
    no_settings_from_outside,
)
from quart_auth_app.testing.applications import _migrated as _migrated  # pytest finds fixtures here only
from quart_auth_app.testing.browsers import AnyClient, Browser, client
from quart_auth_app.testing.clocks import Clock, clock
from quart_auth_app.testing.mails import Outbox, links_in, outbox, text_of
from quart_auth_app.testing.passkeys import VirtualPasskey, passkey
from quart_auth_app.testing.people import PASSWORD, LogInAs, MakeUser, log_in_as, make_user, user_maker

__all__ = [
    "PASSWORD",
    "SECRET_KEY",
    "AnyClient",
    "Browser",
    "Clock",
    "LogInAs",
    "MakeUser",
    "Outbox",
    "VirtualPasskey",
    "app",
    "cheap_hashes",
    "client",
    "clock",
    "fresh_database",
    "links_in",
    "log_in_as",
    "make_user",
    "no_settings_from_outside",
    "outbox",
    "passkey",
    "text_of",
    "user_maker",
]
