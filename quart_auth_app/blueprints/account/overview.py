"""The account's page: a section for each thing that its owner can change."""

from quart import Blueprint, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts import deletion, email_changes, tokens
from quart_auth_app.accounts.credentials import identities
from quart_auth_app.accounts.credentials.ways_in import NO_PASSWORD
from quart_auth_app.accounts.fields import own_fields
from quart_auth_app.accounts.passwords.policy import MIN_LENGTH
from quart_auth_app.models import Identity
from quart_auth_app.settings.providers import ProviderSettings
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity import kept_proofs
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.services import reading, services

account = Blueprint("account", __name__)


@account.get("/account")
@login_required
async def overview() -> ResponseReturnValue:
    """Show everything about the account, and the forms that change it."""
    mark_forms()
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
        return {"wish": None, "undo_until": None}
    user_id, now = current_user.id, clock.now()
    async with reading() as db:
        wish = await email_changes.pending(db, user_id=user_id, now=now)
        return {"wish": wish, "undo_until": await tokens.undo_until(db, user_id=user_id, now=now)}


@account.get("/.well-known/change-password")
async def change_password() -> ResponseReturnValue:
    """Redirect password managers to the form (W3C, “A Well-Known URL for Changing Passwords”)."""
    return redirect(url_for("account.overview", _anchor="password"))


@account.post("/account/sudo")
@sudo_required("See this page")
async def sudo() -> ResponseReturnValue:
    """Go on to the page that asked for the password."""
    return redirect(await next_page.wanted() or url_for("account.overview"))
