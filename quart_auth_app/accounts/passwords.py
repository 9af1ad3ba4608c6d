"""Password hashes: the only module that knows how they are made. Everything here is about CPU time."""

import asyncio
import logging
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from passlib.context import CryptContext

from quart_auth_app.accounts.errors import InvalidPassword, TooBusy

ROUNDS = 12
"""bcrypt's cost, the logarithm of its work; OWASP's Password Storage Cheat Sheet asks for at least 10."""

MIN_LENGTH = 8
"""Code points a new password needs at least (ASVS 6.2.1)."""

MAX_LENGTH = 1024
"""Characters of the longest password. More is an error, never cut: ASVS 6.2.9 asks for 64 or more."""

MAX_WAITING = 32
"""Hashes that may wait for each thread. At 250 ms each the last one waits 8 s; who comes later is told to retry."""

# passlib 1.7.4 asks bcrypt for an attribute that newer releases don't have, and logs the traceback, harmlessly.
logging.getLogger("passlib.handlers.bcrypt").setLevel(logging.ERROR)

T = TypeVar("T")


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_new(password: str) -> None:
    """Raise InvalidPassword if `password` breaks the rules for new passwords."""
    if len(normalized(password)) < MIN_LENGTH:
        raise InvalidPassword(f"Please choose a password of at least {MIN_LENGTH} characters.")
    if len(password) > MAX_LENGTH:
        raise InvalidPassword(f"Please choose a password of at most {MAX_LENGTH} characters.")


def normalized(password: str) -> str:
    """Return NFC: the same password typed on another keyboard may arrive in another Unicode form (NIST SP 800-63B)."""
    return unicodedata.normalize("NFC", password)


class PasswordHasher:
    """Hashes passwords in threads of its own, so that pages never wait behind a hash.

    One thread for each core is as fast as hashing gets; `workers` processes on one machine share the cores.
    """

    def __init__(self, *, workers: int = 1) -> None:
        threads = max(1, cores() // workers)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hash")
        self._free = threads * (1 + MAX_WAITING)
        # bcrypt_sha256 and not bcrypt, which would ignore all after byte 72.
        self._context = CryptContext(schemes=["bcrypt_sha256"], bcrypt_sha256__rounds=ROUNDS)
        # Well-formed, of today's cost, and the hash of no password: for accounts that don't exist.
        self._nobodys_hash = f"$bcrypt-sha256$v=2,t=2b,r={ROUNDS}${'.' * 22}${'.' * 31}"

    async def hash(self, password: str) -> str:
        """Return the salted hash of `password`. Raises TooBusy."""
        return await self._run(self._context.hash, normalized(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the hash was made from `password`; None is nobody's and takes as long. Raises TooBusy."""
        matches = await self._run(self._context.verify, normalized(password), password_hash or self._nobodys_hash)
        return matches and password_hash is not None

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        if not self._free:
            raise TooBusy
        self._free -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        finally:
            self._free += 1
