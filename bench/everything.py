"""Start and memory of a worker with all features on, after each was used: `python -m bench.everything`, ten seconds.

Mail, log-in by mail, a provider and metrics are configured. Then one person signs up by mail, sets up the second step,
adds a passkey, logs in with it and at the provider, asks to log in by mail, and reads a page in each language. So the
modules that are imported at their first use are in memory too.
"""

import asyncio
import base64
import html
import http.client
import json
import os
import re
import tempfile
import time
from pathlib import Path

from bench import memory, processor
from quart_auth_app import clock
from quart_auth_app.accounts.factors import totp
from quart_auth_app.testing import Outbox, VirtualPasskey
from tests.people import BOB
from tests.providers.fake import CLIENT_ID, CLIENT_SECRET, Fake, serving
from tests.servers import Server, Visitor, free_port, running

PATIENCE = 60
"""Seconds to wait for a mail."""


def found(pattern: str, text: str) -> str:
    """Return the first group of the pattern in a page. Raises LookupError."""
    match = re.search(pattern, text)
    if not match:
        raise LookupError(pattern)
    return html.unescape(match[1])


def mailed_code(inbox: Outbox, count: int) -> str:
    """Wait until Bob has `count` mails, and return the code in the newest that has one."""
    end = time.monotonic() + PATIENCE
    while len(inbox.to(BOB["email"])) < count and time.monotonic() < end:
        time.sleep(0.05)
    return inbox.code(BOB["email"])


def use(server: Server, inbox: Outbox, fake: Fake) -> None:
    """Use every feature once, each log-in from another browser."""
    owner, other, third = (_visitor(server, f"10.0.0.{number}") for number in (1, 2, 3))
    owner.post("/signup", BOB)
    owner.post("/signup/code", {"code": mailed_code(inbox, 1)})
    owner.post("/login", BOB)
    passkey = VirtualPasskey(server.address)
    options = found(r'data-passkey="create"[^>]* data-options="([^"]*)"', owner.get("/account/passkeys").text)
    added = owner.post("/account/passkeys", {"name": "", "credential": passkey.create(json.loads(options))})
    owner.post("/account/second-step", {})
    seed = base64.b32decode(found(r"secret=([A-Z2-7]+)", owner.get("/account/second-step").text))
    code = totp.code(seed, totp.step_at(clock.now()))
    is_on = owner.post("/account/second-step/confirm", {"code": code})
    options = found(r'data-passkey="get"[^>]* data-options="([^"]*)"', other.get("/login").text)
    by_passkey = other.post("/login/passkey", {"credential": passkey.get(json.loads(options))})
    there = found(r'<a class="button[^"]*" href="([^"]+)"', third.post("/login/with/fake", {}).text)
    by_provider = third.get(fake.back(there))
    for language in ("es", "ja", "en"):
        third.post("/language", {"language": language})
        third.get("/login")
    third.post("/login/mail", {"email": BOB["email"]})
    if [added.status, is_on.status, by_passkey.status, by_provider.status] != [302, 200, 302, 302]:
        raise RuntimeError("something could not be used")


def _visitor(server: Server, address: str) -> Visitor:
    # By name: there are no passkeys for an IP address.
    return Visitor(http.client.HTTPConnection("localhost", server.port, timeout=30), address)


async def measure(folder: Path) -> str:
    """Return a sentence with the numbers."""
    inbox = Outbox(folder / "mails")
    async with serving(Fake()) as fake:
        settings = {
            "PROXY_HOPS": "1",
            "MAIL_URL": inbox.url,
            "MAILED_LOGIN": "yes",
            "METRICS_BIND": f"127.0.0.1:{free_port()}",
            "OIDC_PROVIDERS": "fake",
            "OIDC_FAKE_ISSUER": fake.issuer,
            "OIDC_FAKE_CLIENT_ID": CLIENT_ID,
            "OIDC_FAKE_CLIENT_SECRET": CLIENT_SECRET,
        }
        with running(folder, settings):
            pass  # creates the database, so that the measured start doesn't load the modules for it
        load, begin = os.getloadavg()[0], time.perf_counter()
        with running(folder, settings) as server:
            start = time.perf_counter() - begin
            cpu = processor.seconds_of_all(server.process.pid)
            before = memory.of_worker(server.process.pid).rss
            await asyncio.to_thread(use, server, inbox, fake)
            after = memory.of_worker(server.process.pid).rss
    megabytes = f"{before / 1e6:.1f} MB, {after / 1e6:.1f} MB once all is used"
    return f"first answer {start:.2f} s, {cpu:.2f} s of a processor; a worker {megabytes}; load {load:.1f}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(asyncio.run(measure(Path(name))))
