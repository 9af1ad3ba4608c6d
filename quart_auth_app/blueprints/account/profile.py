"""Changing the name, the password, and the values of the site's own fields."""

from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts import profile
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.accounts.errors import SessionRevoked
from quart_auth_app.accounts.fields import own_fields
from quart_auth_app.blueprints.account.overview import account
from quart_auth_app.web import signals
from quart_auth_app.web.forms.fields import read_texts
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.device_cookie import remember_device
from quart_auth_app.web.identity.sudo import go_on_with, log_in_again
from quart_auth_app.web.sentences.outcomes import CHANGED_BY_OWNER, NAME_CHANGED, OWN_CHANGED
from quart_auth_app.web.services import passwords, services, transaction
from quart_auth_app.web.telemetry import security_log

NAME = Form("account.overview", "name", section="name")
PASSWORD = OnceForm("account.overview", "current_password", "password", section="password", sender=own_number)
OWN = Form("account.overview", section="own", own=own_fields.fields)


@account.post("/account/name")
@login_required
@NAME.handles
async def name_post() -> ResponseReturnValue:
    """Change the name."""
    form = await NAME.read()
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        await profile.change_name(db, **form, user_id=current_user.id, browser=this_browser(), now=clock.now())
    return await NAME.done(NAME_CHANGED)


@account.post("/account/own")
@login_required
@OWN.handles
async def own_post() -> ResponseReturnValue:
    """Change the values of the site's own fields."""
    values = own_fields.values(await read_texts(own_fields.fields()), own_fields.fields())
    await own_fields.change(transaction, found=current_found(), values=values)
    return await OWN.done(OWN_CHANGED)


@account.post("/account/password")
@login_required
@PASSWORD.handles
async def password_post() -> ResponseReturnValue:
    """Change the password, go on in this browser, and log out all others."""
    form, found, site = await PASSWORD.read(), current_found(), services().settings.site
    try:
        renewed = await profile.change_password(
            transaction, passwords(), **form, found=found, site=site, browser=this_browser(), now=clock.now()
        )
    except SessionRevoked as error:
        return await log_in_again(error)
    await go_on_with(renewed.token, remember=found.session["remember"])
    remember_device(current_user)
    security_log.write("password_changed", user=current_user.id)
    signals.announce(signals.password_changed, user_id=current_user.id)
    return await PASSWORD.done(CHANGED_BY_OWNER)


@PASSWORD.again
async def password_again(_user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    found = current_found()
    async with transaction() as db:
        renewed = await profile.changed_again(db, found=found, browser=this_browser(), now=clock.now())
    await go_on_with(renewed.token, remember=found.session["remember"])
    remember_device(current_user)
    return await PASSWORD.done(CHANGED_BY_OWNER)
