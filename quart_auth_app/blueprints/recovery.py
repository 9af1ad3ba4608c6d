"""Recovering an account by mail: a forgotten password, or an undone change of address. 404 if no mail is sent."""

from quart import Blueprint, render_template, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import recovery as accounts
from quart_auth_app.accounts import tokens
from quart_auth_app.accounts.email_changes import email_change_undo
from quart_auth_app.accounts.passwords.policy import MIN_LENGTH
from quart_auth_app.blueprints.mailed_links import email_of, link_page, only_with_mail, to_log_in
from quart_auth_app.web import signals
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.link_form import LinkForm
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.sentences.outcomes import CHANGED_BY_LINK, UNDONE
from quart_auth_app.web.services import passwords, reading, services, transaction
from quart_auth_app.web.telemetry import security_log

recovery = Blueprint("recovery", __name__)

FORGOT = Form("recovery.forgot_password", "email")
RESET = LinkForm("recovery.reset_password", "token", "password")
UNDO = LinkForm("recovery.undo_email_change", "token", "password")


@recovery.get("/forgot-password")
@only_with_mail
async def forgot_password() -> ResponseReturnValue:
    """Ask for the address."""
    return await render_template("forgot_password.html", typed=typed_before())


@recovery.post("/forgot-password")
@only_with_mail
@FORGOT.handles
async def forgot_password_post() -> ResponseReturnValue:
    """Have a link mailed. The page is the same whether or not the address has an account."""
    async with transaction() as db:
        await accounts.ask(db, **await FORGOT.read(), browser=this_browser(), now=clock.now())
    security_log.write("reset_asked")
    return await render_template("reset_asked.html")


@recovery.get("/reset-password")
@only_with_mail
@link_page("Ask for a new link", lambda: url_for("recovery.forgot_password"))
async def reset_password(token: str) -> ResponseReturnValue:
    """Ask for the new password. Opening the page doesn't consume the token."""
    async with reading() as db:
        linked = await tokens.look(db, token=token, purpose=tokens.RESET, now=clock.now())
    return await _password_page(token, action=url_for("recovery.reset_password_post"), email=linked.sent_to)


@recovery.post("/reset-password")
@only_with_mail
@RESET.handles
async def reset_password_post() -> ResponseReturnValue:
    """Set the new password. It logs nobody in: that is the person's next step."""
    choice = await _choice(RESET)
    user = await accounts.set_new_password(transaction, passwords(), choice=choice)
    security_log.write("password_reset", user=user.id)
    signals.announce(signals.password_changed, user_id=user.id)
    return await to_log_in(user.email, CHANGED_BY_LINK)


@RESET.again
async def reset_again(user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await to_log_in(await email_of(user_id), CHANGED_BY_LINK)


@recovery.get("/undo-email-change")
@only_with_mail
@link_page("Ask for a new password", lambda: url_for("recovery.forgot_password"))
async def undo_email_change(token: str) -> ResponseReturnValue:
    """Show what will be undone, and ask for a new password. Opening the page doesn't consume the token."""
    async with reading() as db:
        linked = await tokens.look(db, token=token, purpose=tokens.UNDO, now=clock.now())
    action = url_for("recovery.undo_email_change_post")
    return await _password_page(token, action=action, email=linked.sent_to, undoes=True)


@recovery.post("/undo-email-change")
@only_with_mail
@UNDO.handles
async def undo_email_change_post() -> ResponseReturnValue:
    """Give the account its former address back. It logs nobody in: that is the person's next step."""
    choice = await _choice(UNDO)
    user, email = await email_change_undo.undo(transaction, passwords(), choice=choice)
    security_log.write("email_change_undone", user=user.id)
    signals.announce(signals.password_changed, user_id=user.id)
    signals.announce(signals.email_changed, user_id=user.id)
    return await to_log_in(email, UNDONE)


@UNDO.again
async def undone_again(user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await to_log_in(await email_of(user_id), UNDONE)


async def _password_page(token: str, *, action: str, email: str, undoes: bool = False) -> str:
    return await render_template(
        "reset_password.html",
        action=action,
        token=token,
        min_password_length=MIN_LENGTH,
        email=email,
        former=email if undoes else None,
        typed=typed_before(),
    )


async def _choice(form: LinkForm) -> accounts.Choice:
    site = services().settings.site
    return accounts.Choice(**await form.read(), site=site, browser=this_browser(), now=clock.now())
