"""Downloading everything that is kept about oneself."""

import json

from quart import Response, current_app
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import export
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.blueprints.account.overview import account
from quart_auth_app.web import signals
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.sudo import sudo_required
from quart_auth_app.web.services import transaction
from quart_auth_app.web.telemetry import security_log

EXPORT = OnceForm("account.overview", sender=own_number)


@account.post("/account/export")
@sudo_required("Download your data")
@EXPORT.knows_second_click
async def export_post() -> ResponseReturnValue:
    """Send everything that is kept about the user, as a file of JSON."""
    now = clock.now()
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        is_new = await export.note_download(db, user_id=current_user.id, browser=this_browser(), now=now)
        everything = await export.everything(db, user_id=current_user.id, now=now)
    await signals.ask(current_app, signals.exporting, user_id=current_user.id, everything=everything)
    if is_new:
        security_log.write("exported", user=current_user.id)
    response = Response(json.dumps(everything, indent=2, ensure_ascii=False), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="account-{now:%Y-%m-%d}.json"'
    return response
