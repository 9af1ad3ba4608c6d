"""How many hashes all cores check in a second: `python -m bench.limits.bare_hash 5`; `5 scrypt` for a peer's hash."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import pbkdf2_hmac, scrypt

import bcrypt

from quart_auth_app.accounts.passwords.hashing import ROUNDS
from quart_auth_app.accounts.passwords.threads import cores

_PASSWORD = b"sunny otter ladder 42"
_SALT = b"sixteen of bytes"
_MEMORY = 132 * 1024 * 1024
"""The limit that werkzeug sets for scrypt's memory, in bytes."""

Check = Callable[[], object]


def _bcrypt() -> Check:
    password_hash = bcrypt.hashpw(_PASSWORD, bcrypt.gensalt(ROUNDS))
    return lambda: bcrypt.checkpw(_PASSWORD, password_hash)


def _argon2id() -> Check:
    from argon2 import PasswordHasher  # only the peers' environment has it

    hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    password_hash = hasher.hash(_PASSWORD)
    return lambda: hasher.verify(password_hash, _PASSWORD)


HASHES: dict[str, Callable[[], Check]] = {
    "bcrypt": _bcrypt,
    "scrypt": lambda: lambda: scrypt(_PASSWORD, salt=_SALT, n=2**15, r=8, p=1, maxmem=_MEMORY),
    "pbkdf2": lambda: lambda: pbkdf2_hmac("sha256", _PASSWORD, _SALT, 1_000_000),
    "argon2id": _argon2id,
}
"""With the parameters of ours, werkzeug, Django and quart-security."""


def per_second(name: str, seconds: float) -> float:
    """Check hashes for `seconds`, on one thread for each core; return how many a second."""
    hashed = HASHES[name]()
    begin = time.perf_counter()

    def check(_thread: int) -> float:
        # Each thread measures its own rate over whole hashes: at a fixed end, the last hash would be half done.
        count = 0
        while time.perf_counter() < begin + seconds:
            hashed()
            count += 1
        return count / (time.perf_counter() - begin)

    with ThreadPoolExecutor(cores()) as pool:
        return sum(pool.map(check, range(cores())))


if __name__ == "__main__":
    print(per_second(sys.argv[2] if len(sys.argv) > 2 else "bcrypt", float(sys.argv[1])))
