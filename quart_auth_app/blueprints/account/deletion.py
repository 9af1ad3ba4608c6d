"""Having the account deleted after the days of grace, or keeping it after all."""

from datetime import datetime

from quart import redirect, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required, logout_user
from sqlalchemy import select

from quart_auth_app import clock
from quart_auth_app.accounts import deletion
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.blueprints.account.overview import account
from quart_auth_app.models import User
from quart_auth_app.web import signals
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.language import translated
from quart_auth_app.web.moments import day
from quart_auth_app.web.sentences.outcomes import DELETION_ASKED, KEPT
from quart_auth_app.web.services import reading, transaction
from quart_auth_app.web.telemetry import security_log

DELETION = Form("account.overview", section="delete")
DELETE = OnceForm("account.overview", section="delete", sender=lambda: current_user.auth_id or "")


@account.post("/account/delete")
@DELETE.knows_second_click
@sudo_required("Delete your account")
async def delete_post() -> ResponseReturnValue:
    """Have the account deleted after the days of grace, and log out everywhere."""
    async with transaction() as db:
        found, browser, now = current_found(), this_browser(), clock.now()
        at, is_new = await deletion.ask(db, user_id=current_user.id, found=found, browser=browser, now=now)
    if is_new:
        security_log.write("deletion_asked", user=current_user.id)
    signals.announce(signals.deletion_asked, user_id=current_user.id)
    return await _to_be_deleted(at)


async def _to_be_deleted(at: datetime) -> ResponseReturnValue:
    logout_user()
    await flash_one(translated(DELETION_ASKED, date=day(at)))
    return redirect(url_for("auth.login"))


@DELETE.again
async def delete_again(user_id: int) -> ResponseReturnValue | None:
    """Answer the second click as the first one, whose session is revoked."""
    async with reading() as db:
        at = await db.scalar(select(User.delete_at).where(User.id == user_id))
    return await _to_be_deleted(at) if at else None


@account.post("/account/delete/cancel")
@login_required
async def delete_cancel_post() -> ResponseReturnValue:
    """Keep the account after all."""
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        is_kept = await deletion.cancel(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
    if is_kept:
        security_log.write("deletion_cancelled", user=current_user.id)
    signals.announce(signals.deletion_cancelled, user_id=current_user.id)
    return await DELETION.done(KEPT)
