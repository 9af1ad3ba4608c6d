"""Our hooks of each request. Quart runs one hook, which runs ours in turn.

They get the request itself: each use of Quart's `request` looks it up anew, and ten hooks would do so twenty times a
page. They run in the order in which they are added, those after the request in the reverse, as Quart runs its own.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from quart import Quart, Request, request
from quart.typing import ResponseTypes

from quart_auth_app.web.edge.asking import asking

Before = Callable[[Request], Awaitable[None]]
After = Callable[[Request, ResponseTypes], Awaitable[None]]


@dataclass
class _Hooks:
    before: list[Before] = field(default_factory=list)
    after: list[After] = field(default_factory=list)


def before_request(app: Quart, hook: Before) -> None:
    """Run the hook before each request; it refuses one by raising."""
    hooks = _hooks_of(app)
    if not hooks.before:
        app.before_request(_runs_before(hooks))
    hooks.before.append(hook)


def before_all_others(app: Quart, hook: Before) -> None:
    """Run the hook before those that the application itself has, whichever were added first."""
    app.before_request_funcs[None].insert(0, _runs_before(_Hooks([hook])))


def after_request(app: Quart, hook: After) -> None:
    """Run the hook after each request; it may change the response."""
    hooks = _hooks_of(app)
    if not hooks.after:
        app.after_request(_runs_after(hooks))
    hooks.after.insert(0, hook)


def before_websocket(app: Quart, hook: Callable[[Any], Awaitable[None]]) -> None:
    """Run the hook before each WebSocket; it gets the WebSocket."""

    @app.before_websocket
    async def run() -> None:
        await hook(asking())


def _hooks_of(app: Quart) -> _Hooks:
    hooks: _Hooks = app.extensions.setdefault("quart_auth_app.hooks", _Hooks())
    return hooks


def _runs_before(hooks: _Hooks) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        asked = _request()
        for hook in hooks.before:
            await hook(asked)

    return run


def _runs_after(hooks: _Hooks) -> Callable[[ResponseTypes], Awaitable[ResponseTypes]]:
    async def run(response: ResponseTypes) -> ResponseTypes:
        asked = _request()
        for hook in hooks.after:
            await hook(asked, response)
        return response

    return run


def _request() -> Request:
    found: Request = request._get_current_object()  # type: ignore[attr-defined]  # of Quart's proxy
    return found
