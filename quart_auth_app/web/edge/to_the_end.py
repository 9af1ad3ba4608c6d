"""What a browser has asked for is done to its end, also if it hangs up meanwhile.

Quart cancels the route of a browser that hangs up. Whatever the route had committed by then would stay, and the line of
the security log that follows the commit would not be written: a guess could be counted, or a session started, unseen.
"""

import asyncio
from collections.abc import Awaitable, Callable, Set
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from quart import Quart, request
from quart.typing import ResponseReturnValue

from quart_auth_app.web.edge.same_origin import SAFE_METHODS

P = ParamSpec("P")
T = TypeVar("T")


def init_app(app: Quart, *, blueprints: Set[str]) -> None:
    """Carry through every route of these blueprints that changes something."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in blueprints and not SAFE_METHODS.issuperset(rule.methods or set()):
            view = cast(Callable[..., Awaitable[ResponseReturnValue]], app.view_functions[rule.endpoint])
            app.view_functions[rule.endpoint] = _read_first(view)


def to_the_end(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Don't pass a cancellation on to the function: finish it, and return or raise what it does."""

    @wraps(function)
    async def finish(*arguments: P.args, **named: P.kwargs) -> T:
        work = asyncio.ensure_future(function(*arguments, **named))
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        return work.result()

    return finish


def _read_first(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    # Who hangs up before the form has arrived has asked for nothing yet, and is not waited for.
    carried_through = to_the_end(view)

    @wraps(view)
    async def handler(*arguments: P.args, **named: P.kwargs) -> T:
        if request.method not in SAFE_METHODS:
            await request.form
        return await carried_through(*arguments, **named)

    return handler
