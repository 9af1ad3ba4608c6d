"""What a sign-up, a log-in and a page of a logged-in user cost PostgreSQL: `python -m bench.database_cost`.

It measures the processor time of the server's own processes (on a busy machine up to twice as much, docs/scale.md),
and counts the rows written. The application runs in this process, with cheap hashes.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import asyncpg
from sqlalchemy import make_url

from bench import postgres, processor
from bench.limits import cheap_hashes
from quart_auth_app import create_app
from quart_auth_app.accounts.passwords import hashing
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.web.services import services_of

ROUNDS = 1000
"""How often each act is done."""

SECRET_KEY = "a key for measuring, which is long enough"
HEADERS = {"Sec-Fetch-Site": "same-origin"}


async def main(url: str, rounds: int) -> None:
    """Print a row for each act."""
    database = Database(make_url(url))
    await database.schema.upgrade()
    await database.close()
    hashing.ROUNDS = cheap_hashes.ROUNDS  # the cost of hashing does not change the database's
    app = create_app(
        {"DATABASE_URL": url, "SECRET_KEY": "a key for measuring, which is long enough", "PROXY_HOPS": "1"}
    )
    numbers = count()

    def person(number: int) -> dict[str, str]:
        return {"email": f"person{number}@example.com", "name": "Somebody", "password": "quite a long harbour 7"}

    async def sign_up() -> None:
        number = next(numbers)
        client = app.test_client()
        await client.post("/signup", form=person(number), headers=HEADERS | {"X-Forwarded-For": address(number)})

    logged_in = count()

    async def log_in() -> None:
        number = next(logged_in)
        form = {name: person(number)[name] for name in ("email", "password")}
        response = await app.test_client().post(
            "/login", form=form, headers=HEADERS | {"X-Forwarded-For": address(number)}
        )
        if response.headers.get("Location") != "/profile":
            raise LookupError(response.headers)

    client = app.test_client()

    async def page() -> None:
        await client.get("/profile")

    print(f"{'':10}{'ms of the server':>18}{'rows written':>14}")
    await _measured(url, "sign-up", sign_up, rounds)
    await _measured(url, "log-in", log_in, rounds)
    form = {name: person(0)[name] for name in ("email", "password")}
    await client.post("/login", form=form, headers=HEADERS)
    await _measured(url, "page", page, rounds)
    await services_of(app).database.close()


def address(number: int) -> str:
    """Return an IP address that no other person has."""
    return f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"


async def _measured(url: str, name: str, do: Callable[[], Awaitable[None]], rounds: int) -> None:
    for _ in range(min(20, rounds)):
        await do()
    connection = await asyncpg.connect(url)
    before, rows = await _state(connection)
    for _ in range(rounds):
        await do()
    after, rows_after = await _state(connection)
    await connection.close()
    seconds = sum(after[pid] - before.get(pid, 0.0) for pid in after)
    print(f"{name:10}{1000 * seconds / rounds:18.2f}{(rows_after - rows) / rounds:14.1f}")


async def _state(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[dict[int, float], int]:
    """Return the seconds that each server process of this database has used, and the rows written so far."""
    await asyncio.sleep(1.5)  # the server collects its statistics once a second
    others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    pids = [row["pid"] for row in await connection.fetch(others)]
    rows = await connection.fetchval("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables")
    return {pid: processor.seconds(pid) for pid in pids}, rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.database_cost")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    with postgres.dropped_afterwards():
        asyncio.run(main(postgres.create("cost"), parser.parse_args().rounds))
