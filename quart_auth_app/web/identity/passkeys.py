"""Passkeys on the web side: the options that a page gives the browser, and the credential that comes back."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from quart import g, session

from quart_auth_app import clock
from quart_auth_app.accounts.credentials.passkey_answers import Asking, PasskeyRefused, PasskeyUnknown
from quart_auth_app.accounts.factors.passkeys import Site, encoded
from quart_auth_app.accounts.log_in import LoggedIn
from quart_auth_app.accounts.logging_in import passkey_log_in
from quart_auth_app.accounts.sessions import Renewed
from quart_auth_app.models import Passkey
from quart_auth_app.web.edge.same_origin import own_origin
from quart_auth_app.web.identity import cookies
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found
from quart_auth_app.web.services import services, transaction
from quart_auth_app.web.telemetry import security_log

LOG_IN = "log-in"
SUDO = "sudo"
ADD = "add"

VISIT = "visit"
"""The cookie that challenges for a log-in are bound to."""

GONE = "passkey_gone"


def are_offered() -> bool:
    """Tell whether passkeys work on this page: browsers allow none for an IP address, nor for another host."""
    return _offering_origin() is not None


def _offering_origin() -> str | None:
    """Return the origin of this page, None if passkeys don't work here."""
    host, origin = services().settings.passkey_host, own_origin()
    return origin if host is not None and urlsplit(origin).hostname == host else None


def log_in_options() -> dict[str, object] | None:
    """Return the log-in page's options for navigator.credentials.get(), None if passkeys don't work here.

    The challenge is bound to a random cookie: an answer is accepted only from the same browser.
    """
    origin = _offering_origin()
    if origin is None:
        return None
    visit = cookies.own(VISIT) or g.setdefault("visit", secrets.token_urlsafe(16))
    if "visit" in g:
        cookies.remember(VISIT, visit)
    return _asking_at(origin, LOG_IN, visit).options(now=clock.now())


def sudo_options(own: list[Passkey]) -> dict[str, object] | None:
    """Return the options of the page that asks for a proof again; None if the user has no passkey."""
    if not own or not are_offered():
        return None
    return account_asking(SUDO).options(now=clock.now(), allowed=[each.credential_id for each in own])


def account_asking(purpose: str) -> Asking:
    """Return the `Asking` for the logged-in user. It stays the same when the session is renewed."""
    found = current_found()
    return _asking(purpose, f"{found.user['id']} {found.session['created_at'].isoformat()}")


async def log_in_with_passkey(credential: str, *, remember: bool) -> LoggedIn:
    """Log in by a passkey alone. Raises PasskeyRefused or a child of it, or TooManyAttempts."""
    with logged_if_refused():
        return await passkey_log_in.log_in_with_passkey(
            transaction,
            _asking(LOG_IN, cookies.own(VISIT)),
            credential=credential,
            remember=remember,
            browser=this_browser(),
            now=clock.now(),
        )


async def prove_with_passkey(credential: str) -> Renewed:
    """Let the logged-in user prove by a passkey who they are.

    Raises PasskeyRefused, TooManyAttempts or SessionRevoked.
    """
    with logged_if_refused():
        return await passkey_log_in.prove(
            transaction,
            account_asking(SUDO),
            found=current_found(),
            credential=credential,
            browser=this_browser(),
            now=clock.now(),
        )


@contextmanager
def logged_if_refused() -> Iterator[None]:
    """If a passkey is refused in the block, write that to the security log, with the reason, and raise it on."""
    try:
        yield
    except PasskeyRefused as error:
        security_log.write("passkey_failed", reason=str(error.values.get("reason", error.code)))
        if isinstance(error, PasskeyUnknown):
            tell_it_is_gone(str(error.values["credential_id"]))
        raise


def tell_it_is_gone(credential_id: str) -> None:
    """Let the next page tell the browser that this passkey is removed, so that it stops offering it.

    Call this only for a passkey that is not in the database any more: the browser may delete it for good.
    """
    session[GONE] = credential_id


def signals(own: list[Passkey] | None = None) -> dict[str, Any]:
    """Return the page's calls of WebAuthn's Signal API: arguments by the names of the methods."""
    host, found = services().settings.passkey_host, {}
    if session and (gone := session.pop(GONE, None)):
        found["signalUnknownCredential"] = {"rpId": host, "credentialId": gone}
    if own:
        about, user = {"rpId": host, "userId": encoded(own[0].user_handle)}, current_found().user
        ids = [encoded(each.credential_id) for each in own]
        found["signalAllAcceptedCredentials"] = about | {"allAcceptedCredentialIds": ids}
        found["signalCurrentUserDetails"] = about | {"name": user["email"], "displayName": user["name"]}
    return found


def _asking(purpose: str, who: str) -> Asking:
    origin = _offering_origin()
    if origin is None:
        raise PasskeyRefused(reason="this host is an IP address, or not the one of PUBLIC_URL")
    return _asking_at(origin, purpose, who)


def _asking_at(origin: str, purpose: str, who: str) -> Asking:
    # Without PUBLIC_URL the site may be on any port of localhost.
    ours = services()
    site = Site(ours.settings.passkey_host or "", origin, ours.settings.site_name)
    return Asking(site, ours.challenges, f"{purpose} {who}")
