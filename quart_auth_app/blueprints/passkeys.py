"""Passkeys: logging in with one, and the page where they are added, named and removed."""

from quart import Blueprint, abort, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts.credentials import passkeys as domain
from quart_auth_app.accounts.credentials import passwordless, ways_in
from quart_auth_app.accounts.credentials.ways_in import NO_PASSWORD
from quart_auth_app.accounts.factors.passkeys import encoded
from quart_auth_app.accounts.logging_in.passkey_log_in import PASSKEY
from quart_auth_app.models import User
from quart_auth_app.web.edge import same_origin
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import is_checked
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity import passkeys as edge
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.log_in import hand_over, landing
from quart_auth_app.web.identity.sudo import go_on_with, sudo_required
from quart_auth_app.web.sentences.outcomes import PASSKEY_ADDED, PASSKEY_NAMED, PASSKEY_REMOVED, PASSWORD_REMOVED
from quart_auth_app.web.services import reading, transaction
from quart_auth_app.web.telemetry import security_log

passkeys = Blueprint("passkeys", __name__)

LOG_IN = Form("auth.login", "credential", ticks=("remember",))
ADD = Form("passkeys.overview", "credential", "name")
NAME = Form("passkeys.overview", "name")
OVERVIEW = Form("passkeys.overview")
REMOVE = OnceForm("passkeys.overview", sender=own_number)


@passkeys.post("/login/passkey")
@LOG_IN.handles
async def login() -> ResponseReturnValue:
    """Log in with a passkey alone, and go to the page that was asked for."""
    wanted = await next_page.wanted()
    logged_in = await edge.log_in_with_passkey(**await LOG_IN.read(), remember=await is_checked("remember"))
    await hand_over(logged_in, methods=[PASSKEY])
    return redirect(landing(wanted))


@passkeys.get("/.well-known/passkey-endpoints")
async def endpoints() -> ResponseReturnValue:
    """Tell password managers where passkeys are added and managed (W3C, “Relying Party Passkey Endpoints”)."""
    if not edge.are_offered():
        abort(404)
    page = same_origin.own_origin() + url_for("passkeys.overview")
    return {"enroll": page, "manage": page}


@passkeys.get("/account/passkeys")
@login_required
@sudo_required("Change your passkeys")
async def overview() -> ResponseReturnValue:
    """List the passkeys, and offer to add one."""
    mark_forms()
    options = None
    async with reading() as db:
        own = list(await domain.own(db, user_id=current_user.id))
        if edge.are_offered():
            user = await db.get_one(User, current_user.id)
            options = await domain.creation_options(db, edge.account_asking(edge.ADD), user=user, now=clock.now())
    return await render_template(
        "passkeys/overview.html",
        typed=typed_before(),
        passkeys=own,
        options=options,
        signals=edge.signals(own),
        has_password=current_user.password != NO_PASSWORD,
    )


@passkeys.post("/account/passkeys")
@login_required
@sudo_required("Add a passkey")
@ADD.handles
async def add_post() -> ResponseReturnValue:
    """Add the passkey that the browser has made."""
    form, asking = await ADD.read(), edge.account_asking(edge.ADD)
    with edge.logged_if_refused():
        await domain.add(transaction, asking, **form, found=current_found(), browser=this_browser(), now=clock.now())
    security_log.write("passkey_added", user=current_user.id)
    return await OVERVIEW.done(PASSKEY_ADDED)


@passkeys.post("/account/passkeys/<int:number>/name")
@login_required
@sudo_required("Name a passkey")
@NAME.handles
async def name_post(number: int) -> ResponseReturnValue:
    """Give a passkey another name."""
    form = await NAME.read()
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        await domain.rename(db, **form, user_id=current_user.id, passkey_id=number)
    return await OVERVIEW.done(PASSKEY_NAMED)


@passkeys.post("/account/passkeys/<int:number>/delete")
@login_required
@sudo_required("Remove a passkey")
@REMOVE.handles
async def delete_post(number: int) -> ResponseReturnValue:
    """Remove a passkey, unless it is the last way in."""
    found, browser = current_found(), this_browser()
    async with transaction() as db:
        gone = await domain.remove(db, found=found, passkey_id=number, browser=browser, now=clock.now())
    edge.tell_it_is_gone(encoded(gone))
    security_log.write("passkey_removed", user=found.user["id"])
    return await REMOVE.done(PASSKEY_REMOVED)


@REMOVE.again
async def removed_again(_number: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await REMOVE.done(PASSKEY_REMOVED)


@passkeys.post("/account/passkeys/only")
@login_required
@sudo_required("Remove your password")
@OVERVIEW.handles
async def only_post() -> ResponseReturnValue:
    """Remove the password, so that passkeys are the only way to log in."""
    found, browser = current_found(), this_browser()
    async with transaction() as db:
        renewed, is_new = await passwordless.remove_password(db, found=found, browser=browser, now=clock.now())
    await go_on_with(renewed.token, remember=found.session["remember"])
    if is_new:
        security_log.write("password_removed", user=found.user["id"])
    return await OVERVIEW.done(PASSWORD_REMOVED)
