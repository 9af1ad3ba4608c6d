"""What waits for the next page goes on waiting when an answer is no page that a person sees.

Such are answers in JSON, to HEAD requests and prefetches, and pages about a fault of ours, which show no messages.
"""

from collections.abc import Set
from http import HTTPStatus

from quart import Quart, Request, g, session
from quart.typing import ResponseTypes

from quart_auth_app.web.edge import hooks
from quart_auth_app.web.edge.asking import is_reading_ahead, wants_json
from quart_auth_app.web.identity.passkeys import GONE

LEFT = ("_flashes", "section", "typed", "refused", "note", "opened")
"""What routes leave in the session for the next page. A program doesn't open one, so it leaves nothing there."""


def init_app(app: Quart, *, blueprints: Set[str]) -> None:
    """Keep what waits when these blueprints answer. Call it before the hooks of `answers`, which read messages."""

    async def set_aside(asked: Request) -> None:
        if session and not blueprints.isdisjoint(asked.blueprints):
            g.session_before = dict(session), session.modified
            if wants_json(asked):  # which tells the messages of its own request, and no older ones
                session.pop("_flashes", None)

    async def put_back(asked: Request, response: ResponseTypes) -> None:
        before, modified = g.get("session_before", ({}, False))
        waits = session.modified and not {*LEFT, GONE}.isdisjoint(session | before)
        if waits and not blueprints.isdisjoint(asked.blueprints) and _is_unseen(response):
            for name in LEFT:
                session.pop(name, None)
            for name in (*LEFT, GONE):
                if name in before:
                    session.setdefault(name, before[name])
            if not session and not before:
                session.modified = modified  # else a client without a cookie would be told to delete it

    hooks.before_request(app, set_aside)
    hooks.after_request(app, put_back)


def _is_unseen(response: ResponseTypes) -> bool:
    return response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or is_reading_ahead() or wants_json()
