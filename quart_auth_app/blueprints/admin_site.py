"""The pages of admins about the site itself: mail that was not sent, and what is wrong."""

from quart import Blueprint, render_template, request
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.roles import ADMIN
from quart_auth_app.operations import findings, retrying
from quart_auth_app.operations.acts import Admin
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, own_number
from quart_auth_app.web.identity.roles import role_required
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.sentences.outcomes import MAIL_TRIED
from quart_auth_app.web.services import reading, services
from quart_auth_app.web.telemetry import security_log

admin_site = Blueprint("admin_site", __name__)

RETRY = OnceForm("admin_site.mail", sender=own_number)

PAGE = 50
"""Mails on one page."""


@admin_site.get("/admin/mail")
@role_required(ADMIN)
async def mail() -> ResponseReturnValue:
    """List mails that wait or could not be sent, oldest first; `?after=` goes on."""
    mark_forms()
    after = activity.number(request.args.get("after", "")) or 0
    async with reading() as db:
        found = await outbox.page(db, after=after, limit=PAGE + 1)
    following = found[PAGE - 1].id if len(found) > PAGE else None
    return await render_template("admin/mail.html", mails=found[:PAGE], next=following, typed=typed_before())


@admin_site.post("/admin/mail/<int:number>/retry")
@role_required(ADMIN)
@sudo_required("Send mail again")
@RETRY.handles
async def retry_post(number: int) -> ResponseReturnValue:
    """Try a mail again that could not be sent."""
    return await retry(number)


@admin_site.post("/admin/mail/retry")
@role_required(ADMIN)
@sudo_required("Send mail again")
@RETRY.handles
async def retry_all_post() -> ResponseReturnValue:
    """Try all mails again that could not be sent."""
    return await retry(None)


async def retry(number: int | None) -> ResponseReturnValue:
    """Try the mail again, or all."""
    by = Admin(found=current_found(), browser=this_browser())
    database, now = services().database, clock.now()
    if number is None:
        await retrying.retry_all(database, by=by, now=now)
    else:
        await retrying.retry(database, number=number, by=by, now=now)
    security_log.write("admin_act", user=by.user_id, act="retry-mail", **({"mail": number} if number else {}))
    return await RETRY.done(MAIL_TRIED)


@RETRY.again
async def tried_already(_number: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await RETRY.done(MAIL_TRIED)


@admin_site.get("/admin/doctor")
@role_required(ADMIN)
async def doctor() -> ResponseReturnValue:
    """Offer to look for faults. Not done at once: other servers are asked, which takes its time."""
    return await render_template("admin/doctor.html", findings=None)


@admin_site.post("/admin/doctor")
@role_required(ADMIN)
async def doctor_post() -> ResponseReturnValue:
    """Look for faults in settings, files, mail, providers, schema, clocks and keys. Changes nothing."""
    here = services()
    found = await findings.around_database(here.settings, now=clock.now())
    found += await findings.in_database(here.database, here.keys)
    return await render_template("admin/doctor.html", findings=found)
