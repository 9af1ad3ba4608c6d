"""Quart's `ensure_async`, which is asked for each hook and view of each request, made cheaper for `async def`."""

import inspect
from typing import Any

from quart import Quart


def init_app(app: Quart) -> None:
    """Pass functions that are `async def` on as they are; Quart goes on to decide about all others."""
    quarts = app.ensure_async

    def ensure_async(func: Any) -> Any:
        # Quart asks inspect, which first looks for partial functions inside, by ten calls for each function.
        code = getattr(func, "__code__", None)
        return func if code and code.co_flags & inspect.CO_COROUTINE else quarts(func)

    app.ensure_async = ensure_async  # type: ignore[method-assign]  # Quart says to override it
