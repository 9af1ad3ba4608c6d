"""Clients that log in: each has an address of its own, and makes one attempt after the other, each at a new account."""

import asyncio
import time
from dataclasses import dataclass

from bench import people
from bench.http_client import NO_ANSWER, PATIENCE, Answer, fetch, request
from bench.servers import Server
from bench.subjects import LogIn

RETRY_AFTER = 1.0
"""Seconds that a refused client waits on average: less than our Retry-After, because people are impatient."""

REFUSED = {429, 503}


@dataclass(frozen=True)
class Attempt:
    """One answer to a log-in form."""

    status: int
    logged_in: bool
    seconds: float
    ended: float
    """By time.perf_counter."""


@dataclass(frozen=True)
class Storm:
    """The results of many clients that log in at once."""

    began: float
    """By time.perf_counter."""

    attempts: tuple[Attempt, ...]

    @property
    def per_second(self) -> float:
        """Log-ins in a second, until the last that succeeded; unfinished ones don't count."""
        ends = [attempt.ended for attempt in self.attempts if attempt.logged_in]
        return len(ends) / (max(ends) - self.began) if ends else 0.0

    @property
    def refused(self) -> list[Attempt]:
        """The attempts that were told to come back later."""
        return [attempt for attempt in self.attempts if attempt.status in REFUSED]

    @property
    def slowest_refusal(self) -> float:
        """In seconds; 0 if nobody was refused."""
        return max((attempt.seconds for attempt in self.refused), default=0.0)

    @property
    def lost(self) -> int:
        """How many attempts neither logged in nor were refused: other errors, and clients that gave up waiting."""
        return len(self.attempts) - len(self.refused) - sum(attempt.logged_in for attempt in self.attempts)


async def log_in(server: Server, account: int, *, client: int = 0, patience: float | None = PATIENCE) -> Answer:
    """Send the log-in form of an account."""
    how = server.site.subject.log_in or LogIn()
    cookies = "; ".join(f"{name}={value}" for name, value in how.cookies.items())
    message = request(
        how.path,
        headers={"X-Forwarded-For": people.address(client)} | ({"Cookie": cookies} if cookies else {}),
        form={how.email: people.email(account), "password": people.PASSWORD} | dict(how.fields),
    )
    return await fetch(server.port, message, patience=patience)


def is_logged_in(answer: Answer) -> bool:
    """Tell whether the log-in succeeded: then all measured sites redirect to the profile, or answer 204."""
    return answer.status == 204 or (answer.status in {302, 303} and answer.header("location").endswith("/profile"))


async def storm(server: Server, *, clients: int, seconds: float, users: int) -> Storm:
    """Let `clients` clients log in as fast as the server can; their accounts are spread over the whole table."""
    attempts: list[Attempt] = []
    began = time.perf_counter()
    stride = max(1, users // 1000)

    async def client(number: int) -> None:
        turn = number
        while time.perf_counter() < began + seconds:
            # Without a time limit: a slow log-in is no error here; the pages' latency shows what it costs.
            answer = await log_in(server, turn * stride % users, client=number, patience=None)
            attempts.append(Attempt(answer.status, is_logged_in(answer), answer.seconds, time.perf_counter()))
            turn += clients
            if answer.status in REFUSED | {NO_ANSWER}:
                await asyncio.sleep(RETRY_AFTER * (0.5 + number / clients))  # people don't retry in step either

    tasks = [asyncio.create_task(client(number)) for number in range(clients)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Storm(began, tuple(attempts))
