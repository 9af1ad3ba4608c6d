"""The account's second step: setting up an authenticator app, recovery codes, turning the step off."""

from quart import Response, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts.credentials import recovery_codes as codes_of_user
from quart_auth_app.accounts.credentials import second_step as domain
from quart_auth_app.accounts.credentials import second_step_set_up, ways_in
from quart_auth_app.accounts.factors import recovery_codes, totp
from quart_auth_app.blueprints.second_step.log_in import second_step
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.sudo import go_on_with, sudo_required
from quart_auth_app.web.language import translated
from quart_auth_app.web.sentences.outcomes import SECOND_STEP_OFF
from quart_auth_app.web.services import reading, services, transaction
from quart_auth_app.web.telemetry import security_log

CONFIRM = OnceForm("second_step.overview", "code", sender=own_number)
NEW_CODES = OnceForm("second_step.overview", sender=own_number)
OVERVIEW = Form("second_step.overview")

QUIET = 4
"""Width of the light border around a QR code, in modules (ISO/IEC 18004)."""


@second_step.get("/account/second-step")
@login_required
@sudo_required("Change your second step")
async def overview() -> ResponseReturnValue:
    """Show whether the second step is on, and the seed for an app that is being set up."""
    mark_forms()
    async with reading() as db:
        state = await domain.state(db, user_id=current_user.id)
        seed = await second_step_set_up.seed_to_confirm(db, services().keys, user_id=current_user.id)
    uri = seed and totp.uri(seed, site=services().settings.site_name, account=current_user.email)
    return await render_template(
        "second_step/overview.html",
        typed=typed_before(),
        state=state,
        few=codes_of_user.FEW,
        key=seed and totp.key(seed),
        uri=uri,
        picture=uri and _picture(uri),
    )


@second_step.post("/account/second-step")
@login_required
@sudo_required("Set up an authenticator app")
async def set_up_post() -> ResponseReturnValue:
    """Make a seed for an app."""
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        await second_step_set_up.set_up(db, services().keys, user_id=current_user.id)
    return redirect(url_for("second_step.overview"))


@second_step.post("/account/second-step/confirm")
@login_required
@sudo_required("Turn the second step on")
@CONFIRM.handles
async def confirm_post() -> ResponseReturnValue:
    """Turn the second step on. All other sessions are revoked: they were started without it."""
    form, found = await CONFIRM.read(), current_found()
    async with transaction() as db:
        codes, renewed = await second_step_set_up.turn_on(
            db, services().keys, **form, found=found, browser=this_browser(), now=clock.now()
        )
    await go_on_with(renewed.token, remember=found.session["remember"])
    security_log.write("second_step_on", user=current_user.id)
    return await render_template("second_step/recovery_codes.html", codes=codes)


@CONFIRM.again
async def confirmed_again(_user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one, with the same codes: the browser may show either answer."""
    found = current_found()
    async with transaction() as db:
        codes, renewed = await second_step_set_up.turned_on(db, found=found, browser=this_browser(), now=clock.now())
    await go_on_with(renewed.token, remember=found.session["remember"])
    return await render_template("second_step/recovery_codes.html", codes=codes)


@second_step.post("/account/second-step/recovery-codes")
@login_required
@sudo_required("Make new recovery codes")
@NEW_CODES.handles
async def recovery_codes_post() -> ResponseReturnValue:
    """Replace the recovery codes, and show the new ones once."""
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        codes = await codes_of_user.renew(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
    security_log.write("recovery_codes_renewed", user=current_user.id)
    return await render_template("second_step/recovery_codes.html", codes=codes)


@second_step.post("/account/second-step/recovery-codes/text")
@login_required
async def recovery_codes_text() -> ResponseReturnValue:
    """Return the codes that the page sends as a file. They can't be looked up: only their hashes are stored."""
    given = (await request.form).getlist("shown")[: recovery_codes.COUNT]
    codes = [each for each in given if recovery_codes.normalised(each)]
    title = translated("Recovery codes of {site}. Each logs in once.", site=services().settings.site_name)
    response = Response("\n".join([title, "", *codes, ""]), mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response


@second_step.post("/account/second-step/off")
@login_required
@sudo_required("Turn the second step off")
async def off_post() -> ResponseReturnValue:
    """Turn the second step off."""
    async with transaction() as db:
        await ways_in.hold(db, found=current_found())
        await domain.turn_off(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
    security_log.write("second_step_off", user=current_user.id)
    return await OVERVIEW.done(SECOND_STEP_OFF)


def _picture(uri: str) -> dict[str, object]:
    """Return the QR code for an SVG in the page: its width in modules, and the path of the dark ones."""
    import segno  # imported here: only setting up an app needs it

    code = segno.make(uri, error="m")
    width, _ = code.symbol_size(border=QUIET)
    rows = enumerate(code.matrix_iter(border=QUIET))
    dark = [f"M{x} {y}h1v1h-1z" for y, row in rows for x, is_dark in enumerate(row) if is_dark]
    return {"size": width, "path": "".join(dark)}
