"""The page of the user's sessions."""

from quart import Blueprint, render_template
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts import sessions as domain
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.sentences.outcomes import OTHERS_REVOKED, SESSION_REVOKED
from quart_auth_app.web.services import reading, transaction
from quart_auth_app.web.telemetry import security_log

sessions = Blueprint("sessions", __name__)

REVOKE = OnceForm("sessions.overview", "session", section="sessions", sender=own_number)


@sessions.get("/account/sessions")
@login_required
async def overview() -> ResponseReturnValue:
    """List the sessions, this one first."""
    mark_forms()
    async with reading() as db:
        listed = await domain.own(db, user_id=current_user.id, first=current_found().number, now=clock.now())
    return await render_template(
        "account/sessions.html", sessions=listed, this=current_found().number, typed=typed_before()
    )


@sessions.post("/account/sessions/revoke")
@sudo_required("End sessions")
@REVOKE.handles
async def revoke() -> ResponseReturnValue:
    """Revoke one session, or all but this one."""
    wanted, this, now = (await REVOKE.read())["session"], current_found().number, clock.now()
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        await domain.revoke_wanted(
            db, wanted=wanted, user_id=current_user.id, this=this, browser=this_browser(), now=now
        )
    security_log.write("sessions_revoked", user=current_user.id)
    return await REVOKE.done(OTHERS_REVOKED if wanted == domain.OTHERS else SESSION_REVOKED)


@REVOKE.again
async def revoked_again(_number: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await REVOKE.done(SESSION_REVOKED)
