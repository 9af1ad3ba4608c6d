"""Sends the browser to a provider, and reads the answer when it comes back."""

import json
from typing import Any

from quart import Response, abort, g, render_template, request, url_for

from quart_auth_app import clock
from quart_auth_app.accounts.credentials import identities
from quart_auth_app.accounts.factors import provider_attempts
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.provider_errors import AttemptTooLate, ProviderAway, ProviderRefused
from quart_auth_app.settings.providers import ProviderSettings
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.edge.same_origin import own_origin
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.cookie_check import CookiesBlocked
from quart_auth_app.web.identity import attempt_cookies
from quart_auth_app.web.identity.attempt_cookies import Carried
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user
from quart_auth_app.web.services import services
from quart_auth_app.web.telemetry import security_log

LOG_IN = "log-in"
CONNECT = "connect"
SUDO = "sudo"


def configured(name: str) -> ProviderSettings:
    """Return the provider of this name, or answer 404."""
    found = services().providers.get(name)
    return found.settings if found else abort(404)


async def go(name: str, purpose: str, *, remember: bool = False, suspended: dict[str, Any] | None = None) -> Response:
    """Return the page that leads to the provider. Raises ProviderAway.

    Not a redirect: our Content-Security-Policy has `form-action 'self'`, which Chromium also applies to redirects after
    a form. The policy could not allow them either: the provider may redirect further, to hosts that we don't know.
    """
    settings = configured(name)
    attempt = provider_attempts.new(
        name,
        redirect_uri=own_origin() + url_for("providers.callback", provider=name),
        fresh=purpose == SUDO,
        now=clock.now(),
    )
    address = await services().providers[name].address(attempt, now=clock.now())
    if wants_json():
        response = Response(json.dumps({"location": address}), content_type="application/json")
    else:
        page = await render_template("providers/go.html", provider=settings, address=address)
        response = Response(page, headers={"Refresh": f"0; url={address}"})
    who = "" if purpose == LOG_IN else _who()
    carried = Carried(attempt, purpose, who, await next_page.wanted(), remember, suspended)
    attempt_cookies.remember(carried)
    return response


async def come_back(name: str) -> tuple[Carried, Proven]:
    """Return the attempt that the browser comes back from, and the provider's proof of who it is.

    Raises ProviderRefused or a child of it, ProviderAway, TooManyAttempts or CookiesBlocked.
    """
    answer = _answer()
    carried = attempt_cookies.take(answer.get("state", ""))
    if not request.cookies:
        raise CookiesBlocked
    if carried is None or carried.attempt.provider != name:
        raise AttemptTooLate(reason="no attempt of this browser")
    g.next, g.remember = carried.next, carried.remember
    if carried.purpose != LOG_IN and (not await current_user.is_authenticated or carried.who != _who()):
        raise AttemptTooLate(reason="another session")
    database, refusals = services().database, services().refusals
    await identities.count(database, refusals, attempt=carried.attempt, browser=this_browser(), now=clock.now())
    try:
        proven = await services().providers[name].proven(carried.attempt, answer, now=clock.now())
    except ProviderAway:
        security_log.write("provider_failed", provider=name, reason="away")
        raise
    return carried, proven


def log_failure(name: str, error: ProviderRefused) -> None:
    """Write to the security log that a provider's answer was refused, and why."""
    security_log.write("provider_failed", provider=name, reason=str(error.values.get("reason", error.code)))


def _answer() -> dict[str, str]:
    # Ignore repeated parameters: two programs could each read a different one.
    return {name: values[0] for name, values in request.args.lists() if len(values) == 1}


def _who() -> str:
    # Not the session's number or token, which change when it is renewed.
    found = current_found()
    return f"{found.user['id']} {found.session['created_at'].isoformat()}"
