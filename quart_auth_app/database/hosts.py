"""Several hosts, of which one can be written to: finding it without waiting for those that are cut off."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import asyncpg

Host = TypeVar("Host")

HEAD_START = 1.0
"""Seconds that the host which served last has to itself. Where it is cut off, a new connection takes so much longer."""

ASK_AGAIN = 0.5
"""Seconds after which the others are asked again while that one is silent: one of them is about to take its place."""


async def first_connection(
    hosts: Sequence[Host],
    connect: Callable[[Host], Awaitable[asyncpg.Connection]],
    failures: tuple[type[Exception], ...],
) -> asyncpg.Connection | list[Exception]:
    """Return the first connection that a host gives, or what each raised instead: `failures` are expected.

    The first host is asked alone; when it has failed, or not answered for HEAD_START seconds, all others at once,
    and while it is silent, again and again.
    """
    attempts, problems, found = [asyncio.ensure_future(connect(hosts[0]))], list[Exception](), None
    try:
        done, waiting = await asyncio.wait(attempts, timeout=HEAD_START)
        found = _found(done, failures, problems)
        if found is None:
            others = [asyncio.ensure_future(_insist(host, connect, failures, attempts[0])) for host in hosts[1:]]
            attempts += others
            waiting |= set(others)
        while found is None and waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            found = _found(done, failures, problems)
    finally:
        await _let_go(attempts, found)
    return problems if found is None else found


async def _insist(
    host: Host,
    connect: Callable[[Host], Awaitable[asyncpg.Connection]],
    failures: tuple[type[Exception], ...],
    first: asyncio.Future[Any],
) -> asyncpg.Connection:
    while True:
        try:
            return await connect(host)
        except failures:
            if first.done():
                raise
        await asyncio.wait({first}, timeout=ASK_AGAIN)


def _found(
    done: Iterable[asyncio.Future[Any]], failures: tuple[type[Exception], ...], problems: list[Exception]
) -> Any:
    for attempt in done:
        error = attempt.exception()
        if error is None:
            return attempt.result()
        if not isinstance(error, failures):
            raise error
        problems.append(error)
    return None


async def _let_go(attempts: Sequence[asyncio.Future[Any]], kept: object) -> None:
    for attempt in attempts:
        attempt.cancel()
    for got in await asyncio.gather(*attempts, return_exceptions=True):
        if not isinstance(got, BaseException) and got is not kept:
            got.terminate()
