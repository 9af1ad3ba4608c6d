"""Reading what a browser sent: the body's limits, and the text fields of forms."""

from collections.abc import Set
from typing import Any
from urllib.parse import parse_qsl

from quart import Quart, Request, request
from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from quart_auth_app.accounts import email_addresses, names
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.passwords import policy

MAX_BODY = 64 * 1024
"""Bytes of the largest body that our forms take; a site sets MAX_CONTENT_LENGTH for its own.
The longest fields of our longest form, percent-encoded, need a fifth of it."""

MAX_FIELDS = 50
"""Fields in a form of ours, which has at most four; a site sets MAX_FORM_PARTS for its own."""

BODY_TIMEOUT = 10
"""Seconds in which a body has to arrive."""

LIMITS = {
    "code": 100,
    "email": email_addresses.MAX_LENGTH,
    "name": names.MAX_LENGTH,
    "password": policy.MAX_LENGTH,
    "current_password": policy.MAX_LENGTH,
    "sudo_password": policy.MAX_LENGTH,
    "session": 20,
}
"""Characters of the longest value that each text field takes."""


def is_secret(name: str) -> bool:
    """Tell whether a field of this name is never shown again."""
    return name == "code" or name.endswith("password")


class InvalidForm(AccountError):
    """The fields are not as our forms send them."""

    def __init__(self, field: str, **values: object) -> None:
        super().__init__(field=field, **values)
        self.field = field


class FieldMissing(InvalidForm):
    """A field is not there, or is there more than once."""


class FieldTooLong(InvalidForm):
    """A field has more than `max_length` characters."""


class FieldNotText(InvalidForm):
    """A field contains a character that is not text."""


def init_app(app: Quart, *, blueprints: Set[str]) -> None:
    """Read all forms strictly, and hold those that these blueprints take to our limits."""
    app.request_class = StrictRequest

    @app.before_request
    async def limit_ours() -> None:
        if blueprints.isdisjoint(request.blueprints):
            return
        request.max_content_length = request.max_form_memory_size = MAX_BODY
        request.max_form_parts = MAX_FIELDS
        if (request.content_length or 0) > MAX_BODY:
            raise RequestEntityTooLarge


async def _parse_urlencoded(
    parser: FormDataParser, body: Body, _mimetype: str, _length: int | None, _options: dict[str, str]
) -> tuple[MultiDict[str, str], MultiDict[str, Any]]:
    content = await _limited(body, parser.max_content_length)
    try:
        fields = parse_qsl(
            content.decode(), keep_blank_values=True, errors="strict", max_num_fields=parser.max_form_parts
        )
    except ValueError:
        raise BadRequest from None
    return MultiDict(fields), MultiDict()


async def _limited(body: Body, limit: int | None) -> bytes:
    # Quart's own check knows the application's limit only, and not the one that a request sets for itself.
    content = bytearray()
    async for part in body:
        content += part
        if limit is not None and len(content) > limit:
            raise RequestEntityTooLarge
    return bytes(content)


class _StrictParser(FormDataParser):
    """Quart's parser, but a form that is not text, or has too many fields, is an error and not an empty form."""

    parse_functions = FormDataParser.parse_functions | {"application/x-www-form-urlencoded": _parse_urlencoded}


class StrictRequest(Request):
    """A request whose form is read by `_StrictParser`."""

    form_data_parser_class = _StrictParser


async def read_fields(*names: str) -> dict[str, str]:
    """Return the named text fields, each of which has to be there exactly once. Raises a child of InvalidForm."""
    form = await request.form
    for name in names:
        values = form.getlist(name)
        if len(values) != 1:
            raise FieldMissing(name)
        if len(values[0]) > LIMITS[name]:
            raise FieldTooLong(name, max_length=LIMITS[name])
        if "\0" in values[0]:
            raise FieldNotText(name)
    return {name: form[name] for name in names}


async def is_checked(name: str) -> bool:
    """Tell whether the form's checkbox was ticked."""
    return bool((await request.form).get(name))
