"""Passwords: rules for new ones, hashing, and hashes from other applications.

Work that takes CPU time runs in threads, so that pages don't wait for it.
"""

from contextlib import AbstractContextManager

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.passwords import policy
from quart_auth_app.accounts.passwords.hashing import Hasher
from quart_auth_app.accounts.passwords.threads import Group, HashingThreads
from quart_auth_app.accounts.throttling import limits

__all__ = ["Passwords"]


class Passwords:
    """Checks and hashes one application's passwords; `workers` processes on one machine share its cores.

    `flask_security_salt` is for hashes from Flask-Security, see `Hasher`.
    """

    def __init__(self, *, workers: int = 1, flask_security_salt: str = "") -> None:
        self.threads = HashingThreads(workers=workers)
        self._hasher = Hasher(flask_security_salt=flask_security_salt)

    def insist_on_place(self, browser: Browser, *, known: bool = False) -> None:
        """Raise TooBusy if the queue has no free place now."""
        self.threads.insist_on_place(_group(browser, known=known))

    def place_in_line(self, browser: Browser, *, known: bool = False) -> AbstractContextManager[None]:
        """Hold a place in the queue; take it before anything is counted or written. Raises TooBusy.

        Strangers of one network get at most a part of the places, and so do all strangers together; a `known`
        browser is no stranger.
        """
        return self.threads.place_in_line(_group(browser, known=known))

    async def check_new(self, password: str, *, context: list[str]) -> None:
        """Raise InvalidPassword if it may not be a new password; `context` are texts that it must not be built on."""
        policy.check_length(password)
        await self.threads.run(policy.check_strength, password, context)

    async def hash_new(self, password: str, *, context: list[str], browser: Browser) -> str:
        """Check a new password as `check_new` does, and return its hash. Raises InvalidPassword or TooBusy."""
        with self.place_in_line(browser):
            await self.check_new(password, context=context)
            return await self.hash(password)

    async def hash(self, password: str) -> str:
        """Return a salted hash of the password."""
        return await self.threads.run(self._hasher.hash, password)

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Return what `Hasher.verify` returns: whether it matches, and a replacement for an outdated hash."""
        return await self.threads.run(self._hasher.verify, password, stored)


def _group(browser: Browser, *, known: bool) -> Group:
    return Group(limits.network(browser.address), is_known=known or browser.is_operator)
