"""Finds faults of an installation that runs all the same. Each finding is a line that says what to do.

Faults in the database are found by `database_doctor`.
"""

import glob
import shlex
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from quart_auth_app import instance, origins
from quart_auth_app.mail.transports import Unreachable, transport
from quart_auth_app.settings import Settings
from quart_auth_app.settings.keys import MAKE_A_KEY
from quart_auth_app.settings.providers import names

MIN_DISTINCT = 8
"""Fewest different characters in a key. 32 random hexadecimal digits have 14 of 16 on average, and never only 7."""

OTHERS = 0o077
"""Permission bits of group and others."""


def about_settings(settings: Settings) -> list[str]:
    """Return doubtful values among valid settings."""
    found = []
    for name, keys in (("SECRET_KEY", (settings.secret_key,)), ("SECRET_KEY_FALLBACKS", settings.secret_key_fallbacks)):
        if any(len(set(key)) < MIN_DISTINCT for key in keys):
            found.append(
                f"{name}: a key of fewer than {MIN_DISTINCT} different characters can be guessed; {MAKE_A_KEY}"
            )
    if settings.public_url and not origins.is_trustworthy(settings.public_url):
        found.append(
            f"PUBLIC_URL is {settings.public_url}: on the way, others can read passwords and take over sessions; "
            "serve it by https and say so in PUBLIC_URL"
        )
    if settings.https and settings.passkey_host is None:
        found.append(
            f"PUBLIC_URL is {settings.public_url}: browsers make no passkeys for an IP address, so none are offered; "
            "reach the site by a host name and say so in PUBLIC_URL"
        )
    if settings.https and not settings.proxy_hops:
        found.append(
            "PUBLIC_URL is https and PROXY_HOPS is 0: behind a proxy everybody has its address and shares its limits "
            "on attempts; set PROXY_HOPS to the number of proxies"
        )
    if not settings.admin_second_step:
        found.append(
            "ADMIN_SECOND_STEP is optional: whoever learns the password of an admin can change every account; leave it "
            "out, and let admins set up a second step or a passkey"
        )
    return found


async def about_mail(settings: Settings) -> list[str]:
    """Return why no mail can be sent now. Connects to the mail server with TLS and password, and sends nothing."""
    if settings.mail_url is None:
        return []
    try:
        await transport(settings.mail_url, site=settings.base_url).check()
    except Unreachable as error:
        return [f"MAIL_URL: no mail can leave now: {error}"]
    return []


async def about_providers(settings: Settings, *, now: datetime) -> list[str]:
    """Return the providers that don't work now, and why. Fetches each one's discovery document and keys."""
    if not settings.providers:
        return []
    from quart_auth_app.providers.client import Provider  # imports httpx2 and joserfc, so only if used

    return [
        f"{names(each.name)[0]}: nobody can log in with {each.label} now: {fault}"
        for each in settings.providers
        if (fault := await Provider(each).faults(now=now))
    ]


def about_files(database_url: URL) -> list[str]:
    """Return the files of a SQLite database, and beside it, that other users of the machine can access."""
    file = instance.database_file(database_url)
    if database_url.get_backend_name() != "sqlite" or not file or not file.exists():
        return []
    folder = file.absolute().parent
    # Files whose names begin with the database's are the write-ahead log and the copies that upgrades make.
    paths = [folder, *folder.glob("secret_key"), *sorted(folder.glob(f"{glob.escape(file.name)}*"))]
    return [_open_to_others(path) for path in paths if path.stat().st_mode & OTHERS]


def _open_to_others(path: Path) -> str:
    return f"{path} is open to other users of this machine; run: chmod go= {shlex.quote(str(path))}"
