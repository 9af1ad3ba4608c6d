"""The second click of a double click: how the same form is known, and what its first click has made."""

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


def know_browser(*, anew: bool = False) -> None:
    """Let this browser be known again by the form that it is shown now: nobody else can send it a second time.

    With `anew` the form is another one each time it is shown, as for what people do twice in a row on purpose.
    """
    if access_key() is None:
        session["form"] = (not anew and session.get("form")) or secrets.token_urlsafe(12)


def is_known() -> bool:
    """Tell whether this browser was shown a form."""
    return "form" in session


async def note_form(sender: str) -> None:
    """Note in the request which form is sent, for `this_browser`; `sender` tells apart who may send the same one."""
    g.sent_form = await form_key(sender)


async def form_key(sender: str) -> str:
    """Return what stands for the form that is sent, see `Browser.form`."""
    fields = sorted((await request.form).items(multi=True))
    sent_by = [client_address(), request.user_agent.string, session.get("form"), sender]
    said = json.dumps(["form", request.path, fields, sent_by])
    # Keyed, so that nobody who reads the database can try out which code was typed.
    return hmac.digest(signing_keys(current_app.config)[-1].encode(), said.encode(), hashlib.sha256).hex()


async def made_before() -> int | None:
    """Return the number of what a first click on this form has made, None if there was none."""
    async with reading() as db:
        return await double_clicks.made(db, this_browser(), now=clock.now())
