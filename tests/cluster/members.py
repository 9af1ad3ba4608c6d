"""The three database machines together."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import asyncpg

from tests.cluster.databases import PASSWORD, PATRONI, Database
from tests.cluster.patience import until

ACCOUNTS = "accounts"
"""The name of the application's database and of its owner."""


class Members:
    """Patroni's cluster, as somebody sees it who can reach all machines."""

    def __init__(self, folder: Path) -> None:
        self.all = [Database(folder, number) for number in (1, 2, 3)]
        self.hosts = ",".join(f"{each.address}:5432" for each in self.all)
        self.url = f"postgresql://{ACCOUNTS}:accounts@{self.hosts}/{ACCOUNTS}?target_session_attrs=read-write"

    def start(self) -> None:
        """Start them, and make the application's database."""
        for each in self.all:
            each.start_patroni()
        self.wait_until_whole()
        for statement in (
            f"CREATE ROLE {ACCOUNTS} LOGIN PASSWORD 'accounts'",
            f"CREATE DATABASE {ACCOUNTS} OWNER {ACCOUNTS}",
        ):
            self._ask(statement, user="postgres", password=PASSWORD, database="postgres")

    def wait_until_whole(self) -> None:
        """Wait until one takes writes and the others copy it, one of them before a commit is acknowledged."""
        until(lambda: self.is_whole() or None, 90, "a primary with two copies", self.describe)

    def is_whole(self) -> bool:
        """Tell whether nothing is missing."""
        states = [each.state() for each in self.all]
        primaries = [each for each in states if each.get("role") == "primary"]
        copies = [copy for each in primaries for copy in each.get("replication", ())]
        return (
            all(each.get("state") == "running" for each in states)
            and len(primaries) == 1
            and sum(copy["state"] == "streaming" for copy in copies) == 2
            and any(each.get("sync_standby") for each in states)
        )

    def primary(self) -> Database:
        """Return who takes writes."""
        return next(each for each in self.all if each.is_primary())

    def switch_over(self, to: Database | None = None) -> None:
        """Hand over as an operator does, to the copy that has everything."""
        before = self.primary()
        to = to or self.synchronous()
        command = [f"{PATRONI}ctl", "-c", str(before.configuration), "switchover", "--force"]
        subprocess.run(
            before.machine.command(*command, "--leader", before.name, "--candidate", to.name),
            check=True,
            capture_output=True,
        )

    def synchronous(self) -> Database:
        """Return the copy that has everything that was acknowledged."""
        return next(each for each in self.all if each.state().get("sync_standby"))

    def emails(self) -> set[str]:
        """Return the address of everybody who has an account."""
        return {row["email"] for row in self._ask('SELECT email FROM "user"')}

    def describe(self) -> str:
        """Return what each says of itself, for a trial that goes wrong."""
        return "\n".join(f"{each.name}: {each.state()}\n{each.last_lines()}" for each in self.all)

    def _ask(
        self, statement: str, user: str = ACCOUNTS, password: str = ACCOUNTS, database: str = ACCOUNTS
    ) -> list[Any]:
        async def ask() -> list[Any]:
            connection = await asyncpg.connect(
                host=[each.address for each in self.all],
                port=5432,
                user=user,
                password=password,
                database=database,
                target_session_attrs="read-write",
                timeout=10,
            )
            try:
                return list(await connection.fetch(statement, timeout=10))
            finally:
                await connection.close()

        return asyncio.run(ask())
