"""Finishes what a browser has asked for, even if it hangs up meanwhile.

Quart cancels the route when a browser hangs up. If the route had committed before, its effect would stay, but the line
in the security log that follows the commit would be missing: a wrong guess or a new session would go unnoticed.
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
    """Protect every route of these blueprints that changes something from cancellation."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in blueprints and not SAFE_METHODS.issuperset(rule.methods or set()):
            view = cast(Callable[..., Awaitable[ResponseReturnValue]], app.view_functions[rule.endpoint])
            app.view_functions[rule.endpoint] = _read_first(view)


def to_the_end(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Wrap the function so that a cancellation doesn't reach it: it finishes, and its result or error is passed on."""

    @wraps(function)
    async def finish(*arguments: P.args, **named: P.kwargs) -> T:
        work = asyncio.ensure_future(function(*arguments, **named))
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        return work.result()

    return finish


def _read_first(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    # The form is read outside: a browser that hangs up before its form has arrived has asked for nothing yet.
    carried_through = to_the_end(view)

    @wraps(view)
    async def handler(*arguments: P.args, **named: P.kwargs) -> T:
        if request.method not in SAFE_METHODS:
            await request.form
        return await carried_through(*arguments, **named)

    return handler
