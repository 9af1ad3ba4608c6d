"""Changing the account's address: asked for on the account's page, confirmed by mail to the new address."""

from quart import Blueprint, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts import email_changes as domain
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.blueprints.mailed_links import link_page, only_with_mail
from quart_auth_app.models import User
from quart_auth_app.web import signals
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.link_form import LinkForm
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.device_cookie import remember_device
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.sentences.outcomes import EMAIL_ASKED, EMAIL_CHANGED, EMAIL_KEPT
from quart_auth_app.web.services import passwords, reading, services, transaction
from quart_auth_app.web.telemetry import security_log

email_change = Blueprint("email_change", __name__)

EMAIL = Form("account.overview", "email", section="address")
CODE = OnceForm("account.overview", "code", section="address", sender=own_number)
CONFIRM = LinkForm("email_change.confirm", "token", sender=own_number)


@email_change.post("/account/email")
@sudo_required("Change your address to {email}")
@EMAIL.handles
async def ask() -> ResponseReturnValue:
    """Mail the new address for confirmation. Without mail, change the address at once."""
    form, found = await EMAIL.read(), current_found()
    if not services().sender:
        return await _changed(
            await domain.change_at_once(transaction, **form, found=found, browser=this_browser(), now=clock.now())
        )
    await domain.ask(transaction, **form, found=found, browser=this_browser(), now=clock.now())
    security_log.write("email_change_asked", user=current_user.id)
    return await EMAIL.done(EMAIL_ASKED)


@email_change.post("/account/email/code")
@login_required
@only_with_mail
@CODE.handles
async def code() -> ResponseReturnValue:
    """Change the address, if the code that was mailed to the new one is right."""
    form, found = await CODE.read(), current_found()
    return await _changed(
        await domain.confirm_by_code(
            transaction, passwords(), **form, found=found, browser=this_browser(), now=clock.now()
        )
    )


@email_change.post("/account/email/cancel")
@login_required
async def cancel() -> ResponseReturnValue:
    """Keep the address as it is."""
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        await domain.cancel(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
    security_log.write("email_change_cancelled", user=current_user.id)
    return await EMAIL.done(EMAIL_KEPT)


@email_change.get("/account/email/confirm")
@login_required
@only_with_mail
@link_page("Your account", lambda: url_for("account.overview", _anchor="address"))
async def confirm(token: str) -> ResponseReturnValue:
    """Show which address the account will have. Opening the page doesn't consume the token."""
    async with reading() as db:
        email = await domain.by_link(db, token=token, user_id=current_user.id, now=clock.now())
    return await render_template("account/confirm_email.html", email=email, token=token, typed=typed_before())


@email_change.post("/account/email/confirm")
@login_required
@only_with_mail
@CONFIRM.handles
async def confirm_post() -> ResponseReturnValue:
    """Change the address, by the link in the mail to the new one."""
    form, found = await CONFIRM.read(), current_found()
    return await _changed(
        await domain.confirm_by_link(transaction, **form, found=found, browser=this_browser(), now=clock.now())
    )


async def _changed(user: User) -> ResponseReturnValue:
    security_log.write("email_changed", user=user.id)
    signals.announce(signals.email_changed, user_id=user.id)
    remember_device(user)  # the device cookie must know the new address too
    return await EMAIL.done(EMAIL_CHANGED)


@CODE.again
@CONFIRM.again
async def changed_again(user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    async with reading() as db:
        remember_device(await db.get_one(User, user_id))
    return await EMAIL.done(EMAIL_CHANGED)
