"""Passwords: hashing, checking, and which new ones are accepted. All of it costs CPU time, so it runs in threads."""

import asyncio
import logging
import os
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from passlib.context import CryptContext

from quart_auth_app.accounts import password_strength
from quart_auth_app.accounts.errors import InvalidPassword, TooBusy
from quart_auth_app.accounts.werkzeug_hashes import WerkzeugHash

ROUNDS = 12
"""bcrypt's cost, the logarithm of its work; OWASP's Password Storage Cheat Sheet asks for at least 10."""

MIN_LENGTH = 8
"""Code points a new password needs at least (ASVS 6.2.1)."""

MAX_LENGTH = 1024
"""Characters of the longest password. More is an error, never cut: ASVS 6.2.9 asks for 64 or more."""

MAX_WAITING = 24
"""People who may wait for each thread. At 250 ms a hash the last one waits 6 s, less than hypercorn.toml gives a server
to end; who comes later is told to retry."""

NICENESS = 5
"""How far hashing stands back: Linux gives a thread a third of the time that it gives another, less nice by so much,
that wants the same core. So a page that comes in while all cores hash is served at once."""

RETRY_AFTER = 5
"""Seconds after which a full line will have moved."""

# passlib 1.7.4 asks bcrypt for an attribute that newer releases don't have, and logs the traceback, harmlessly.
logging.getLogger("passlib.handlers.bcrypt").setLevel(logging.ERROR)

T = TypeVar("T")


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def normalized(password: str) -> str:
    """Return NFC: the same password typed on another keyboard may arrive in another Unicode form (NIST SP 800-63B)."""
    return unicodedata.normalize("NFC", password)


def _stand_back() -> None:
    if sys.platform == "linux":  # elsewhere it would be the whole process that stands back
        os.nice(NICENESS)


class Passwords:
    """Works on passwords in threads of its own, so that pages never wait behind a hash.

    One thread for each core is as fast as hashing gets; `workers` processes on one machine share the cores.
    """

    def __init__(self, *, workers: int = 1) -> None:
        threads = max(1, cores() // workers)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hash", initializer=_stand_back)
        self._places = self._all_places = threads * (1 + MAX_WAITING)
        self.on_wait: Callable[[float], None] | None = None
        """Called, in the hashing thread, with the seconds that each piece of work has waited for it."""
        # bcrypt_sha256 and not bcrypt, which would ignore all after byte 72. The others come from older databases, and
        # are replaced when their owner logs in.
        self._context = CryptContext(
            schemes=["bcrypt_sha256", "bcrypt", WerkzeugHash],
            deprecated=["bcrypt", WerkzeugHash.name],
            bcrypt_sha256__default_rounds=ROUNDS,
            bcrypt_sha256__min_rounds=ROUNDS,
        )
        # Well-formed, of today's cost, and the hash of no password: for accounts that don't exist.
        self._nobodys_hash = f"$bcrypt-sha256$v=2,t=2b,r={ROUNDS}${'.' * 22}${'.' * 31}"

    @contextmanager
    def place_in_line(self) -> Iterator[None]:
        """Take a place, before anything is counted or written, and leave it at the end. Raises TooBusy."""
        if not self._places:
            raise TooBusy(RETRY_AFTER)
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1

    async def check_new(self, password: str, *, context: list[str]) -> None:
        """Raise InvalidPassword if it may not be a new password; `context` is what it must not be built upon."""
        if len(normalized(password)) < MIN_LENGTH:
            raise InvalidPassword(f"Please choose a password of at least {MIN_LENGTH} characters.")
        if len(password) > MAX_LENGTH:
            raise InvalidPassword(f"Please choose a password of at most {MAX_LENGTH} characters.")
        if advice := await self._run(password_strength.advice, normalized(password), context):
            raise InvalidPassword(advice)

    async def hash(self, password: str) -> str:
        """Return the salted hash of `password`."""
        return await self._run(self._context.hash, normalized(password))

    async def verify(self, password: str, password_hash: str | None) -> tuple[bool, str | None]:
        """Tell whether the hash was made from `password`, and the hash to put in its place if it is out of date.

        None, for an account that doesn't exist, takes as long as a hash of today's kind.
        """
        return await self._run(self._verify, normalized(password), password_hash)

    def _verify(self, password: str, password_hash: str | None) -> tuple[bool, str | None]:
        stored = password_hash or self._nobodys_hash
        try:
            outdated = self._context.needs_update(stored)
            matches, replacement = self._context.verify_and_update(password, stored)
        except ValueError:  # no hash at all, or a broken one
            outdated, matches, replacement = True, False, None
        if outdated and not matches:
            # An old hash was checked quicker than today's kind is; who guesses must not learn that from the clock.
            self._context.verify(password, self._nobodys_hash)
        return matches, replacement

    @property
    def in_line(self) -> int:
        """How many people have a place in line, those being served among them."""
        return self._all_places - self._places

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        asked = time.perf_counter()

        def work() -> T:
            if self.on_wait:
                self.on_wait(time.perf_counter() - asked)
            return function(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
