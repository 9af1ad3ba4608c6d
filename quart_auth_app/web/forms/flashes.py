"""What one page leaves for the next, in a signed cookie: the message, and what was typed into a refused form."""

import hashlib
from datetime import timedelta
from typing import Any

from quart import Quart, Response, flash, request, session
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from quart.wrappers import BaseRequestWebsocket
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_auth_app.settings import Settings
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
        if session.modified:
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


async def flash_one(sentence: str, category: str = "message") -> None:
    """Flash a message in place of any that nobody has seen yet, so that they don't pile up in the cookie."""
    session.pop("_flashes", None)
    await flash(sentence, category)


async def keep_typed(limits: dict[str, int]) -> None:
    """Remember the fields of `limits`, unless one is longer than its limit in characters, until the form is shown."""
    form = await request.form
    session["typed"] = {name: form[name] for name, limit in limits.items() if 0 < len(form.get(name, "")) <= limit}


def typed_before() -> dict[str, Any]:
    """Return what `keep_typed` remembered, and forget it."""
    typed: dict[str, Any] = session.pop("typed", {})
    return typed
