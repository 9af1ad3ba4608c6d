"""Access keys: the page where they are made, listed and revoked."""

from dataclasses import replace

from quart import Blueprint, Response, render_template
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts import access_keys as domain
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import forms_are_marked, mark_forms
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.sentences.outcomes import ACCESS_KEY_REVOKED
from quart_auth_app.web.services import reading, transaction
from quart_auth_app.web.telemetry import security_log

access_keys = Blueprint("access_keys", __name__)

CREATE = OnceForm("access_keys.overview", "name", "days", sender=own_number)
REVOKE = OnceForm("access_keys.overview", sender=own_number)


@access_keys.get("/account/access-keys")
@login_required
async def overview() -> ResponseReturnValue:
    """List the keys, and offer to make one."""
    mark_forms(anew=True)
    async with reading() as db:
        keys = await domain.own(db, user_id=current_user.id, now=clock.now())
    return await render_template("account/access_keys.html", keys=keys, most=domain.MAX_DAYS, typed=typed_before())


@access_keys.post("/account/access-keys")
@login_required
@sudo_required("Make an access key")
@CREATE.handles
async def create_post() -> ResponseReturnValue:
    """Make a key, and show it once."""
    form, browser = await CREATE.read(), this_browser()
    if not forms_are_marked():  # not a browser: a program may make several equal keys on purpose
        browser = replace(browser, form=None)
    async with transaction() as db:
        key, text = await domain.create(db, **form, found=current_found(), browser=browser, now=clock.now())
    security_log.write("access_key_added", user=current_user.id, key=key.id)
    response = Response(await render_template("account/new_access_key.html", key=key, text=text))
    response.headers["Cache-Control"] = "no-store"
    return response


@access_keys.post("/account/access-keys/<int:number>/revoke")
@login_required
@REVOKE.handles
async def revoke_post(number: int) -> ResponseReturnValue:
    """Revoke a key. No proof is asked for: with a lost key this has to be quick."""
    user_id, browser = current_user.id, this_browser()
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        await domain.revoke(db, user_id=user_id, number=number, browser=browser, now=clock.now())
    security_log.write("access_key_revoked", user=user_id, key=number)
    return await REVOKE.done(ACCESS_KEY_REVOKED)


@REVOKE.again
async def revoked_again(_number: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await REVOKE.done(ACCESS_KEY_REVOKED)
