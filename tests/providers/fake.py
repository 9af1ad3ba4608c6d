"""A provider whose answers a test sets, by its attributes, before it is asked."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, KeyParameters, OKPKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "our client", "s:cret/%"

Reply = tuple[int, dict[str, str], bytes]


def new_key(number: str, algorithm: str = "RS256") -> Key:
    """Return a pair of keys."""
    about: KeyParameters = {"kid": number, "use": "sig", "alg": algorithm}
    if algorithm == "ES256":
        return ECKey.generate_key("P-256", about)
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", about)
    return RSAKey.generate_key(2048, about)


FIRST_KEY = new_key("first")


@dataclass
class Fake:
    """A provider. `claims`, `headers` and `metadata` override the right values; None removes one."""

    issuer: str = ""
    algorithm: str = "RS256"
    key: Key = field(default_factory=lambda: FIRST_KEY)
    published: list[Any] = field(default_factory=lambda: [FIRST_KEY.as_dict(private=False)])
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "bob-1", "email": "bob@example.com", "email_verified": True, "name": "Bob"}
    )
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str | None] = field(default_factory=dict)
    """Overrides parts of the query with which the browser comes back."""
    token: str | None = None
    """Replaces the ID token."""
    access_token: object = "access"
    user_info: dict[str, Any] | None = None
    replies: dict[str, Reply | float] = field(default_factory=dict)
    """By path, in place of the right answer: another answer, or seconds to wait."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    secrets: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    codes_work_twice: bool = False

    def log_in(self, address: str) -> dict[str, str]:
        """Let the person log in whom a browser brings, and return the query that it goes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer, **self.answer}
        return {name: value for name, value in answer.items() if value is not None}

    def back(self, address: str) -> str:
        """Return the path and query that the browser goes back to."""
        asked = parse_qs(urlsplit(address).query)
        return f"{urlsplit(asked['redirect_uri'][0]).path}?{urlencode(self.log_in(address))}"

    def id_token(self, asked: dict[str, str]) -> str:
        """Return the ID token for an attempt."""
        now = int(time.time())
        right = {"iss": self.issuer, "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": asked["nonce"]}
        claims = {**right, **self.person, **self.claims}
        if asked.get("max_age") == "0":
            claims.setdefault("auth_time", now)
        kept = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key.kid, **self.header}
        told = {name: value for name, value in header.items() if value is not None}
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # EdDSA has a newer name
            return jwt.encode(told, kept, self.key, algorithms=[self.algorithm])

    async def reply(self, path: str, headers: dict[str, str], body: str) -> Reply:
        """Return an answer."""
        self.asked.append(path)
        told = self.replies.get(path)
        if isinstance(told, float):
            await asyncio.sleep(told)
        elif told:
            return told
        if path == "/.well-known/openid-configuration":
            return as_json(self._discovery())
        if path == "/keys":
            return as_json({"keys": self.published})
        if path == "/me":
            assert headers["authorization"] == "Bearer access"
            return as_json(self.user_info or {})
        return self._redeemed(headers, {name: values[0] for name, values in parse_qs(body).items()})

    def _discovery(self) -> dict[str, Any]:
        right = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
            **({"userinfo_endpoint": f"{self.issuer}/me"} if self.user_info is not None else {}),
        }
        return {name: value for name, value in {**right, **self.metadata}.items() if value is not None}

    def _redeemed(self, headers: dict[str, str], form: dict[str, str]) -> Reply:
        self.secrets.append(headers.get("authorization") or form.get("client_secret", ""))
        asked = self.codes.get(form["code"]) if self.codes_work_twice else self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not asked or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return as_json({"error": "invalid_grant"}, 400)
        token = self.token if self.token is not None else self.id_token(asked)
        return as_json({"access_token": self.access_token, "token_type": "Bearer", "id_token": token})


def as_json(value: object, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


@asynccontextmanager
async def serving(fake: Fake) -> AsyncIterator[Fake]:
    """Serve the provider on a free port; that becomes its issuer unless it has one."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await _answer(fake, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # who asked has hung up
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    fake.issuer = fake.issuer or f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _answer(fake: Fake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
    status, sent, content = await fake.reply(urlsplit(first.split()[1]).path, headers, body)
    told = {"Content-Length": str(len(content)), "Connection": "close", **sent}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    writer.write(f"HTTP/1.1 {status} Word\r\n{head}\r\n".encode() + content)
    await writer.drain()
