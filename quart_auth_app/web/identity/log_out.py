"""Logging out."""

from quart import after_this_request
from quart.typing import ResponseTypes
from quart_auth import logout_user

from quart_auth_app import clock
from quart_auth_app.accounts import log_in
from quart_auth_app.web import signals
from quart_auth_app.web.edge.to_the_end import to_the_end
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.services import transaction
from quart_auth_app.web.telemetry import security_log


@to_the_end
async def log_out() -> None:
    """Revoke the session, in the database first and then in the browser."""
    async with transaction() as db:
        await log_in.log_out(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
    security_log.write("log_out", user=current_user.id)
    signals.announce(signals.logged_out, user_id=current_user.id)
    logout_user()
    after_this_request(_clear_site_data)


async def _clear_site_data(response: ResponseTypes) -> ResponseTypes:
    # Not "cookies": the device cookie is for the next log-in. Not "cache": pages are no-store anyway, and Chrome takes
    # seconds to search the cache of all sites.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response
