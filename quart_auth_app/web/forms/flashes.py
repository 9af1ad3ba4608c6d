"""Data for the next page in a signed cookie: the message, and the typed values of a refused form."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import URLSafeTimedSerializer
from quart import Quart, Response, current_app, flash, g, request, session
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from quart.wrappers import BaseRequestWebsocket
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_auth_app import clock
from quart_auth_app.settings import Settings
from quart_auth_app.web.edge.asking import is_reading_ahead
from quart_auth_app.web.forms.fields import limit_of
from quart_auth_app.web.identity.cookies import cookie_name, signing_keys
from quart_auth_app.web.identity.signatures import PatientSerializer
from quart_auth_app.web.language import translated

LIFETIME = timedelta(hours=1)
"""How long a message waits for the next page."""


class _FlashCookie(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha256)  # Quart's default is SHA-1, which ASVS 11.4.1 forbids

    def get_signing_serializer(self, app: Quart) -> URLSafeTimedSerializer | None:
        options = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        return PatientSerializer(
            signing_keys(app.config), salt=self.salt, serializer=self.serializer, signer_kwargs=options
        )

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> SecureCookieSession | None:
        # Most requests have no such cookie; so don't make the serializer for nothing.
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return await super().open_session(app, request)

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        # Otherwise Quart 0.23 adds `Vary: Cookie` even to static files, and no cache could share them.
        # A prefetched page, which perhaps nobody sees, must not use up the message.
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
    """Flash a message, and replace any that nobody has seen yet, so that they don't pile up in the cookie.

    A sentence in the catalogue is flashed in the reader's language; one that `translated` returned stays as it is.

    In another application's session only an equal message is replaced; its own messages stay. `section` is the id of
    the part of the page that shows the message, see `Typed.section`.
    """
    waiting = session.pop("_flashes", [])
    if not isinstance(current_app.session_interface, _FlashCookie):
        session["_flashes"] = [each for each in waiting if tuple(each) != (category, translated(sentence))]
    session.pop("section", None)
    if section:
        session["section"] = section
    await flash(translated(sentence), category)


class Typed(dict[str, Any]):
    """The typed values of a refused form, by field; in templates `typed.email`."""

    refused: str | None = None
    """The field that was refused, if it was one field."""
    note: str | None = None
    """A few words to show beside that field."""
    section: str | None = None
    """The id of the part of the page that shows the message, if the page has several forms."""

    def __missing__(self, _name: str) -> str:
        # Not undefined: a site may let Jinja raise an error for that (StrictUndefined).
        return ""

    def of(self, section: str) -> "Typed":
        """Return what belongs to the form in this part of the page."""
        return self if self.section == section else Typed()


async def keep_typed(
    names: Iterable[str], *, ticks: Iterable[str] = (), refused: str | None, note: str | None = None
) -> None:
    """Store these fields and ticked checkboxes until the form is shown again; not fields that are too long.

    `refused` is the refused field, `note` a few words about it. After the way back from a provider there is no form:
    then `g` has the checkboxes.
    """
    form = await request.form
    session["typed"] = {name: form[name] for name in names if 0 < len(form.get(name, "")) <= limit_of(name)}
    session["typed"] |= {name: "on" for name in ticks if form.get(name) or g.get(name)}
    if refused:
        session["refused"], session["note"] = refused, note


def typed_before() -> Typed:
    """Return what `keep_typed` stored, and delete it."""
    if not session:
        return Typed()
    typed = Typed(session.pop("typed", {}))
    typed.refused, typed.note = session.pop("refused", None), session.pop("note", None)
    typed.section = session.pop("section", None)
    return typed


def store_opening() -> None:
    """Store the time at which this browser opened the form."""
    session["opened"] = clock.now().timestamp()


def form_opened() -> datetime | None:
    """Return when this browser last opened a form that calls `store_opening`, None if it never did."""
    return datetime.fromtimestamp(session["opened"], UTC) if "opened" in session else None
