"""What all ways to log in do on the web side: after the domain has committed the log-in, set the cookies."""

from collections.abc import Sequence

from quart import g, url_for
from quart_auth import login_user

from quart_auth_app import clock
from quart_auth_app.accounts import log_in as accounts
from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.errors import WrongDetails
from quart_auth_app.accounts.log_in import Outcome, SecondStepMissing
from quart_auth_app.models import User
from quart_auth_app.web import signals
from quart_auth_app.web.edge.to_the_end import to_the_end
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.identity import pending_cookie
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import CurrentUser
from quart_auth_app.web.identity.device_cookie import remember_device
from quart_auth_app.web.language import translated
from quart_auth_app.web.sentences.outcomes import TOO_MANY_SESSIONS
from quart_auth_app.web.services import transaction
from quart_auth_app.web.telemetry import security_log


@to_the_end
async def log_in(user: User, *, remember: bool = False, methods: Sequence[str] = ("site",)) -> bool:
    """Log this browser in for `user`, after the site has checked who it is by its own `methods`.

    Returns False if the account has been disabled or its password changed since `user` was read. Also False if the user
    has a second step: then redirect to the endpoint `second_step.login`, which asks for it.
    """
    try:
        async with transaction() as db:
            outcome = await accounts.start_session(
                db,
                user=user,
                methods=methods,
                remember=remember,
                browser=this_browser(),
                now=clock.now(),
            )
    except WrongDetails:
        return False
    return await hand_over(outcome, methods=methods)


async def hand_over(outcome: Outcome, *, methods: Sequence[str]) -> bool:
    """Set the cookies for what the domain has committed. Returns whether the browser is logged in now."""
    if isinstance(outcome, SecondStepMissing):
        pending_cookie.remember(outcome.token)
        security_log.write("second_step_asked", user=outcome.user.id, methods=" ".join(methods))
        return False
    login_user(CurrentUser(outcome.token), remember=outcome.remember)
    remember_device(outcome.user)
    g.is_to_be_deleted = outcome.user.delete_at is not None
    if outcome.is_again:
        return True
    security_log.write("log_in", user=outcome.user.id, methods=" ".join(methods))
    if outcome.ended:
        security_log.write("sessions_revoked", user=outcome.user.id)
        await flash_one(translated(TOO_MANY_SESSIONS, number=sessions.MAX_FOR_ONE))
    signals.announce(signals.logged_in, user=outcome.user)
    return True


def landing(wanted: str | None) -> str:
    """Return the page to show after a log-in: `wanted`, or the account's page if the account is to be deleted."""
    return url_for("account.overview") if g.get("is_to_be_deleted") else wanted or url_for("main.profile")
