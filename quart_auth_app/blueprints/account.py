"""The account's page: a section for each thing that its owner can change."""

import json
from datetime import datetime

from quart import Blueprint, Response, current_app, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required, logout_user
from sqlalchemy import select

from quart_auth_app import clock
from quart_auth_app.accounts import deletion, email_changes, export, identities, own_fields, profile, tokens
from quart_auth_app.accounts.errors import SessionRevoked
from quart_auth_app.accounts.passwords.policy import MIN_LENGTH
from quart_auth_app.accounts.ways_in import NO_PASSWORD
from quart_auth_app.models import Identity, User
from quart_auth_app.settings.providers import ProviderSettings
from quart_auth_app.web import signals
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import read_texts
from quart_auth_app.web.forms.flashes import flash_one, typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.second_click import know_browser
from quart_auth_app.web.identity import kept_proofs
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.device_cookie import remember_device
from quart_auth_app.web.identity.sudo import go_on_with, log_in_again, sudo_required
from quart_auth_app.web.language import translated
from quart_auth_app.web.moments import day
from quart_auth_app.web.sentences import CHANGED_BY_OWNER, DELETION_ASKED, KEPT, NAME_CHANGED, OWN_CHANGED
from quart_auth_app.web.services import passwords, reading, services, transaction
from quart_auth_app.web.telemetry import security_log

account = Blueprint("account", __name__)

NAME = Form("account.overview", "name", section="name")
PASSWORD = Form("account.overview", "current_password", "password", section="password", once=True, sender=own_number)
OWN = Form("account.overview", section="own", own=own_fields.fields)
DELETION = Form("account.overview", section="delete")
EXPORT = Form("account.overview", once=True, sender=own_number)
DELETE = Form("account.overview", section="delete", once=True, sender=lambda: current_user.auth_id or "")


@account.get("/account")
@login_required
async def overview() -> ResponseReturnValue:
    """Show everything about the account, and the forms that change it."""
    know_browser()
    return await render_template(
        "account/overview.html",
        typed=typed_before(),
        min_password_length=MIN_LENGTH,
        grace=deletion.GRACE.days,
        **await _changes_of_address(),
        has_password=current_user.password != NO_PASSWORD,
        own_fields=own_fields.fields(),
        providers=await _providers(),
        waiting=[each.name for each in services().settings.providers if kept_proofs.for_own_account(each)],
    )


async def _providers() -> list[tuple[ProviderSettings, Identity | None]]:
    configured = services().settings.providers
    if not configured:
        return []
    async with reading() as db:
        connected = {each.issuer: each for each in await identities.own(db, user_id=current_user.id)}
    return [(each, connected.get(each.issuer)) for each in configured]


async def _changes_of_address() -> dict[str, object]:
    if not services().sender:  # without mail a change takes effect at once and can't be undone
        return {}
    user_id, now = current_user.id, clock.now()
    async with reading() as db:
        wish = await email_changes.pending(db, user_id=user_id, now=now)
        return {"wish": wish, "undo_until": await tokens.undo_until(db, user_id=user_id, now=now)}


@account.get("/.well-known/change-password")
async def change_password() -> ResponseReturnValue:
    """Redirect password managers to the form (W3C, “A Well-Known URL for Changing Passwords”)."""
    return redirect(url_for("account.overview", _anchor="password"))


@account.post("/account/name")
@login_required
@NAME.handles
async def name_post() -> ResponseReturnValue:
    """Change the name."""
    form = await NAME.read()
    async with transaction() as db:
        await profile.change_name(db, **form, user_id=current_user.id, browser=this_browser(), now=clock.now())
    return await NAME.done(NAME_CHANGED)


@account.post("/account/own")
@login_required
@OWN.handles
async def own_post() -> ResponseReturnValue:
    """Change the values of the site's own fields."""
    values = own_fields.values(await read_texts(own_fields.fields()), own_fields.fields())
    await own_fields.change(transaction, user_id=current_user.id, values=values)
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


@account.post("/account/export")
@sudo_required("Download your data")
@EXPORT.knows_second_click
async def export_post() -> ResponseReturnValue:
    """Send everything that is kept about the user, as a file of JSON."""
    now = clock.now()
    async with transaction() as db:
        is_new = await export.note(db, user_id=current_user.id, browser=this_browser(), now=now)
        everything = await export.everything(db, user_id=current_user.id, now=now)
    await signals.ask(current_app, signals.exporting, user_id=current_user.id, everything=everything)
    if is_new:
        security_log.write("exported", user=current_user.id)
    response = Response(json.dumps(everything, indent=2, ensure_ascii=False), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="account-{now:%Y-%m-%d}.json"'
    return response


@account.post("/account/delete")
@DELETE.knows_second_click
@sudo_required("Delete your account")
async def delete_post() -> ResponseReturnValue:
    """Have the account deleted after the days of grace, and log out everywhere."""
    async with transaction() as db:
        at, is_new = await deletion.ask(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
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
        is_kept = await deletion.cancel(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
    if is_kept:
        security_log.write("deletion_cancelled", user=current_user.id)
    signals.announce(signals.deletion_cancelled, user_id=current_user.id)
    return await DELETION.done(KEPT)


@account.post("/account/sudo")
@sudo_required("See this page")
async def sudo() -> ResponseReturnValue:
    """Go on to the page that asked for the password."""
    return redirect(await next_page.wanted() or url_for("account.overview"))
