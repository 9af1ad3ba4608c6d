"""What one page leaves for the next, in a signed cookie: the message, and what was typed into a refused form."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from quart import Quart, Response, flash, request, session
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from quart.wrappers import BaseRequestWebsocket
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_auth_app.settings import Settings
from quart_auth_app.web.edge.asking import is_reading_ahead
from quart_auth_app.web.forms.fields import LIMITS
from quart_auth_app.web.identity.cookies import cookie_name

LIFETIME = timedelta(hours=1)
"""How long a message may wait for its page."""


class _FlashCookie(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha256)  # Quart's default is SHA-1, which ASVS 11.4.1 rules out

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> SecureCookieSession | None:
        # Most requests bring no flash, and need nothing that could read one.
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return await super().open_session(app, request)

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        # Else Quart 0.23 makes even static files vary by cookie, so that no cache could share them.
        # Nor does a page that nobody may see use up the message that waits.
        if session.modified and not is_reading_ahead():
            await super().save_session(app, session, response)


def init_app(app: Quart, settings: Settings) -> None:
    """Set the cookie up."""
    app.session_interface = _FlashCookie()
    app.config.update(
        SESSION_COOKIE_NAME=cookie_name("flash", settings),
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFETIME,
    )


async def flash_one(sentence: str, category: str = "message", *, section: str | None = None) -> None:
    """Flash a message in place of any that nobody has seen yet, so that they don't pile up in the cookie.

    `section` is the id of the part of the page where it is to be shown, see `Typed.section`.
    """
    session.pop("_flashes", None)
    session.pop("section", None)
    if section:
        session["section"] = section
    await flash(sentence, category)


class Typed(dict[str, Any]):
    """What was typed into a refused form, by field; in templates `typed.email`."""

    refused: str | None = None
    """The field that was at fault, if it was one."""
    section: str | None = None
    """The id of the part of the page that the message is about, where the page has several."""


async def keep_typed(names: Iterable[str], *, refused: str | None) -> None:
    """Remember these fields until the form is shown, unless one is too long for a cookie, and which one is at fault."""
    form = await request.form
    session["typed"] = {name: form[name] for name in names if 0 < len(form.get(name, "")) <= LIMITS[name]}
    if refused:
        session["refused"] = refused


def typed_before() -> Typed:
    """Return what `keep_typed` remembered, and forget it."""
    typed = Typed(session.pop("typed", {}))
    typed.refused = session.pop("refused", None)
    typed.section = session.pop("section", None)
    return typed
