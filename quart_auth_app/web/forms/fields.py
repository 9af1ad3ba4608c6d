"""Forms: reading what a browser sent, and the way back to the form when it is refused (Post/Redirect/Get)."""

from typing import Any
from urllib.parse import parse_qsl

from quart import Request, redirect, request, url_for
from quart.formparser import FormDataParser
from quart.typing import ResponseReturnValue
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from quart_auth_app.accounts import email_addresses, users
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.passwords import policy as passwords
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.flashes import flash_one, keep_typed
from quart_auth_app.web.telemetry import security_log

MAX_BODY = 64 * 1024
"""Bytes of the largest body. The longest fields of our longest form, percent-encoded, need a fifth of it."""

MAX_FIELDS = 50
"""Fields in a form; ours have at most four."""

BODY_TIMEOUT = 10
"""Seconds in which a body has to arrive."""

LIMITS = {
    "email": email_addresses.MAX_LENGTH,
    "name": users.MAX_NAME_LENGTH,
    "password": passwords.MAX_LENGTH,
}
"""Characters of the longest value that each text field takes."""


class InvalidForm(AccountError):
    """The fields are not as our forms send them."""


async def _parse_urlencoded(
    _parser: FormDataParser, body: Body, _mimetype: str, _length: int | None, _options: dict[str, str]
) -> tuple[MultiDict[str, str], MultiDict[str, Any]]:
    try:
        fields = parse_qsl((await body).decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadRequest from None
    return MultiDict(fields), MultiDict()


class _StrictParser(FormDataParser):
    """Quart's parser, but a form that is not text, or has too many fields, is an error and not an empty form."""

    parse_functions = FormDataParser.parse_functions | {"application/x-www-form-urlencoded": _parse_urlencoded}


class StrictRequest(Request):
    """A request whose form is read by `_StrictParser`."""

    form_data_parser_class = _StrictParser


async def read_form(*names: str) -> dict[str, str]:
    """Return the named text fields, each of which must be there exactly once. Raises InvalidForm."""
    form = await request.form
    for name in names:
        values = form.getlist(name)
        if len(values) != 1:
            raise InvalidForm(f"Please fill in the field “{name}” once.")
        if len(values[0]) > LIMITS[name]:
            raise InvalidForm(f"The field “{name}” takes at most {LIMITS[name]} characters.")
        if "\0" in values[0]:
            raise InvalidForm(f"The field “{name}” contains a character that is not text.")
    return {name: form[name] for name in names}


async def wanted_page() -> str | None:
    """Return the page to go to after log-in, which the form carries along, if it is one of ours."""
    return next_page.safe((await request.form).get("next") or request.args.get("next"))


async def refuse(sentence: str, category: str = "message") -> ResponseReturnValue:
    """Show `sentence` above the form that was sent, filled again with what was typed."""
    await keep_typed({name: limit for name, limit in LIMITS.items() if name != "password"})
    await flash_one(sentence, category)
    return redirect(url_for(request.endpoint or "", **(request.view_args or {}), next=await wanted_page()))


async def refuse_error(error: AccountError) -> ResponseReturnValue:
    """`refuse` for every error of the domain: the template may tell them apart by the class's name."""
    security_log.write("input_refused", reason=type(error).__name__)
    return await refuse(str(error), type(error).__name__)
