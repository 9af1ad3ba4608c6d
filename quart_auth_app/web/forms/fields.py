"""Reads forms: limits on the body, and the text fields."""

from collections.abc import Set
from typing import Any
from urllib.parse import parse_qsl

from quart import Quart, Request, request
from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from quart_auth_app.accounts import email_addresses, names
from quart_auth_app.accounts.errors import AccountError, PasswordTooLong
from quart_auth_app.accounts.own_field import OwnField
from quart_auth_app.accounts.passwords import policy
from quart_auth_app.web.edge.same_origin import SAFE_METHODS

MAX_BODY = 64 * 1024
"""Largest body of our forms in bytes; for its own routes a site sets MAX_CONTENT_LENGTH.
Our longest form with its longest values, percent-encoded, needs a fifth of it."""

MAX_FIELDS = 50
"""Largest number of fields of our forms, which have at most four; for its own routes a site sets MAX_FORM_PARTS."""

BODY_TIMEOUT = 10
"""Seconds for the body to arrive."""

MAX_CREDENTIAL = 8192
"""Longest answer of a passkey in characters. Today's send up to 2,000; ids may have 1,023 bytes, RSA keys 512."""

MAX_OWN = 10_000
"""Longest value of a site's own field, in characters."""

LIMITS = {
    "code": 100,
    "credential": MAX_CREDENTIAL,
    "sudo_code": 100,
    "sudo_credential": MAX_CREDENTIAL,
    "sudo_provider": 30,
    "email": email_addresses.MAX_LENGTH,
    "name": names.MAX_LENGTH,
    "password": policy.MAX_LENGTH,
    "days": 4,
    "current_password": policy.MAX_LENGTH,
    "sudo_password": policy.MAX_LENGTH,
    "language": 35,
    "role": 32,
    "session": 20,
    "token": 100,
}
"""Longest value of each text field, in characters."""


TICKS = {"remember"}
"""Our checkboxes."""

CREDENTIALS = {"credential", "sudo_credential"}
"""Fields with a passkey's answer."""


def limit_of(name: str) -> int:
    """Return how many characters this field may have; a site's own field has a limit of its own below MAX_OWN."""
    return LIMITS.get(name, MAX_OWN)


def is_secret(name: str) -> bool:
    """Tell whether the value of a field of this name must not be shown again."""
    return name in CREDENTIALS | {"code", "sudo_code", "token"} or name.endswith("password")


class InvalidForm(AccountError):
    """The fields are not as our forms send them."""

    def __init__(self, field: str, **values: object) -> None:
        super().__init__(field=field, **values)
        self.field = field


class FieldMissing(InvalidForm):
    """A field is missing, or there is more than one of it."""


class FieldTooLong(InvalidForm):
    """A field has more than `max_length` characters."""


class FieldNotText(InvalidForm):
    """A field contains a character that is not text."""


def init_app(app: Quart) -> None:
    """Read all forms strictly."""
    app.request_class = StrictRequest


def limit(app: Quart, *, blueprints: Set[str], parser: type[FormDataParser]) -> None:
    """Parse the bodies of requests to these blueprints with `parser`, within our limits."""

    @app.before_request
    async def limit_ours() -> None:
        if blueprints.isdisjoint(request.blueprints):
            return
        request.max_content_length = request.max_form_memory_size = MAX_BODY
        request.max_form_parts = MAX_FIELDS
        request.form_data_parser_class = parser
        _insist_on_a_form(parser)
        if (request.content_length or 0) > MAX_BODY:
            raise RequestEntityTooLarge


def _insist_on_a_form(parser: type[FormDataParser]) -> None:
    # Not by the type alone: a request without a body may have none. In HTTP/2 a body may come without a length.
    has_length = bool(request.content_length) or "Transfer-Encoding" in request.headers
    has_body = has_length or (bool(request.mimetype) and request.content_length is None)
    if request.method not in SAFE_METHODS and has_body and request.mimetype not in parser.parse_functions:
        raise UnsupportedMediaType


async def _parse_urlencoded(
    parser: FormDataParser, body: Body, _mimetype: str, _length: int | None, _options: dict[str, str]
) -> tuple[MultiDict[str, str], MultiDict[str, Any]]:
    content = await limited(body, parser.max_content_length)
    try:
        fields = parse_qsl(
            content.decode(), keep_blank_values=True, errors="strict", max_num_fields=parser.max_form_parts
        )
    except ValueError:
        raise BadRequest from None
    return MultiDict(fields), MultiDict()


async def limited(body: Body, limit: int | None) -> bytes:
    """Return the body. Raises RequestEntityTooLarge as soon as it is longer than `limit` bytes."""
    # Quart's own check uses the application's limit only, not the one that was set on this request.
    content = bytearray()
    async for part in body:
        content += part
        if limit is not None and len(content) > limit:
            raise RequestEntityTooLarge
    return bytes(content)


class StrictParser(FormDataParser):
    """Quart's parser, except that a form that is not text, or has too many fields, is an error instead of empty."""

    parse_functions = FormDataParser.parse_functions | {"application/x-www-form-urlencoded": _parse_urlencoded}


class StrictRequest(Request):
    """A request whose form is read by `StrictParser`."""

    form_data_parser_class = StrictParser


async def read_fields(*names: str) -> dict[str, str]:
    """Return the named text fields, each of which has to be there exactly once.

    Raises a child of InvalidForm, or PasswordTooLong.
    """
    form = await request.form
    for name in names:
        values = form.getlist(name)
        if len(values) != 1:
            raise FieldMissing(name)
        limit = {"max_length": limit_of(name)}
        if len(values[0]) > limit["max_length"]:
            raise PasswordTooLong(**limit) if name == "password" else FieldTooLong(name, **limit)
        if "\0" in values[0]:
            raise FieldNotText(name)
    return {name: form[name] for name in names}


async def read_optional(name: str) -> str:
    """Return the named text field, "" if it is not sent. Raises a child of InvalidForm."""
    return (await read_fields(name))[name] if name in await request.form else ""


async def is_checked(name: str) -> bool:
    """Tell whether the form's checkbox was ticked."""
    return bool((await request.form).get(name))


async def read_texts(fields: list[OwnField]) -> dict[str, str]:
    """Return the values of a site's own fields by name, "" for those that are not sent."""
    return {each.name: await read_optional(each.name) for each in fields}
