"""The second click of a double click: recognises a form that is sent again, and finds what the first click made."""

import hashlib
import hmac
import json
import secrets

from quart import current_app, g, request, session

from quart_auth_app import clock
from quart_auth_app.accounts import double_clicks
from quart_auth_app.web.edge.asking import access_key
from quart_auth_app.web.edge.client import client_address
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.cookies import signing_keys
from quart_auth_app.web.services import reading


def mark_forms(*, anew: bool = False) -> None:
    """Mark this browser's forms with a random value in the session cookie: nobody else can send the same form again.

    With `anew` the form gets a new value each time it is shown, for acts that people repeat on purpose.
    """
    if access_key() is None:
        session["form"] = (not anew and session.get("form")) or secrets.token_urlsafe(12)


def forms_are_marked() -> bool:
    """Tell whether this browser was shown a form that calls `mark_forms`."""
    return "form" in session


async def store_form_key(sender: str) -> None:
    """Store the key of the sent form for `this_browser`; `sender` tells apart people who may send equal fields."""
    g.sent_form = await form_key(sender)


def store_mark() -> None:
    """Store the key that `this_browser` has for all forms to this path; nothing if the browser has no mark."""
    if forms_are_marked():
        g.sent_form = _key([], "")


async def form_key(sender: str) -> str:
    """Return the key of the sent form, equal for a second click, see `Browser.form`."""
    return _key(sorted((await request.form).items(multi=True)), sender)


def _key(fields: list[tuple[str, str]], sender: str) -> str:
    sent_by = [client_address(), request.user_agent.string, session.get("form"), sender]
    said = json.dumps(["form", request.path, fields, sent_by])
    # An HMAC, so that a copy of the database doesn't allow guessing which code was typed.
    return hmac.digest(signing_keys(current_app.config)[-1].encode(), said.encode(), hashlib.sha256).hex()


async def made_before() -> int | None:
    """Return the number of what the first click on this form has made, None if there was none."""
    async with reading() as db:
        return await double_clicks.made(db, this_browser(), now=clock.now())
