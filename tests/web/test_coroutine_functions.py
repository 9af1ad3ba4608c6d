"""A site's own functions run as in any application of Quart's: `async def` as it is, all others in a thread."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from threading import current_thread, main_thread

import pytest
from quart import Quart


async def asynchronous() -> bool:
    return current_thread() is main_thread()


def synchronous() -> bool:
    return current_thread() is main_thread()


@wraps(asynchronous)
def synchronous_in_disguise() -> bool:
    return current_thread() is main_thread()


class Method:
    async def asynchronous(self) -> bool:
        return current_thread() is main_thread()

    def __call__(self) -> bool:
        return current_thread() is main_thread()


@pytest.mark.parametrize(
    ("function", "in_the_loop"),
    [
        pytest.param(asynchronous, True, id="async def"),
        pytest.param(partial(asynchronous), True, id="a partial async def"),
        pytest.param(Method().asynchronous, True, id="an async method"),
        pytest.param(synchronous, False, id="def"),
        pytest.param(partial(synchronous), False, id="a partial def"),
        pytest.param(synchronous_in_disguise, False, id="a def that wraps an async def"),
        pytest.param(Method(), False, id="an object"),
    ],
)
async def test_only_what_is_no_coroutine_function_runs_in_a_thread(
    app: Quart, function: Callable[[], bool | Awaitable[bool]], in_the_loop: bool
) -> None:
    called: Callable[[], Awaitable[bool]] = app.ensure_async(function)  # type: ignore[arg-type]  # either kind
    assert await called() == in_the_loop


async def test_a_coroutine_function_is_passed_on_as_it_is(app: Quart) -> None:
    assert app.ensure_async(asynchronous) is asynchronous
