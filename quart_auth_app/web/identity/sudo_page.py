"""The page that asks for a proof: it contains the form that was sent, and sends it again with the password."""

from collections import defaultdict

from quart import Response, render_template, request, url_for

from quart_auth_app.accounts.credentials import identities, passkeys, second_step
from quart_auth_app.accounts.credentials.ways_in import NO_PASSWORD
from quart_auth_app.accounts.errors import AccountError, TryLater
from quart_auth_app.accounts.sudo_errors import SudoRequired
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import is_secret
from quart_auth_app.web.forms.flashes import Typed
from quart_auth_app.web.forms.made_for import FIELD as MADE_FOR
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.passkeys import sudo_options
from quart_auth_app.web.refusals import log_refusal, refusal, status_of
from quart_auth_app.web.sentences import field_note, filled, sentence
from quart_auth_app.web.services import reading, services

ASKS = 403
"""The status of the page that asks for the password: the act is not allowed yet."""


async def ask(act: str, error: AccountError | None = None) -> Response:
    """Return the page that names the act and asks for the password. In JSON: only the refusal."""
    mark_forms()
    if error:
        log_refusal(error)
    if wants_json():
        return await refusal(error or SudoRequired())
    has_files = bool(await request.files)
    if request.method in SAFE_METHODS or has_files:
        action, fields = (
            url_for("account.sudo"),
            {"next": [(next_page.came_from() if has_files else next_page.asked_for()) or ""]},
        )
    else:
        action, fields = next_page.here() or "", await received()
    fields = {MADE_FOR: [str(current_user.id)]} | fields
    async with reading() as db:
        state = await second_step.state(db, user_id=current_user.id)
        own = list(await passkeys.own(db, user_id=current_user.id))
        connected = {each.issuer for each in await identities.own(db, user_id=current_user.id)}
    typed = Typed()
    if error:
        typed.refused, typed.note = error.field, field_note(error)
    page = await render_template(
        "account/sudo.html",
        act=await named(act),
        action=action,
        fields=fields,
        has_files=has_files,
        error=error and sentence(error),
        typed=typed,
        email=current_user.email,
        asks_for_code=state.is_on,
        has_password=current_user.password != NO_PASSWORD,
        options=sudo_options(own),
        providers=[each for each in services().settings.providers if each.issuer in connected],
    )
    response = Response(page, status_of(error) if isinstance(error, TryLater) else ASKS)
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def named(act: str) -> str:
    """Return the text of `act`, with the values of the form or the route for the names in it."""
    known = {name: values[0] for name, values in (await received()).items()} | (request.view_args or {})
    return filled(act, defaultdict(str, known))


async def received() -> dict[str, list[str]]:
    """Return the fields of the form that was sent, without the secret ones."""
    form = await request.form
    return {name: form.getlist(name) for name in form if not is_secret(name) and name != "sudo_provider"}
