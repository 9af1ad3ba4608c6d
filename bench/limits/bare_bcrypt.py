"""How many hashes of the application's cost all cores can check in a second: `python -m bench.limits.bare_bcrypt 5`."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from quart_auth_app.accounts.passwords.hashing import ROUNDS
from quart_auth_app.accounts.passwords.threads import cores

_PASSWORD = b"sunny otter ladder 42"


def per_second(seconds: float) -> float:
    """Check hashes for so long, on one thread for each core."""
    password_hash = bcrypt.hashpw(_PASSWORD, bcrypt.gensalt(ROUNDS))
    begin = time.perf_counter()

    def check(_thread: int) -> float:
        # Each thread's own rate, over whole hashes: a fixed time would count the last ones by halves.
        count = 0
        while time.perf_counter() < begin + seconds:
            bcrypt.checkpw(_PASSWORD, password_hash)
            count += 1
        return count / (time.perf_counter() - begin)

    with ThreadPoolExecutor(cores()) as pool:
        return sum(pool.map(check, range(cores())))


if __name__ == "__main__":
    print(per_second(float(sys.argv[1])))
