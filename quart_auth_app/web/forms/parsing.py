"""Parses the bodies of forms: strictly, and within limits."""

from collections.abc import Set
from typing import Any
from urllib.parse import parse_qsl

from quart import Quart, Request
from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from quart_auth_app.web.edge import hooks
from quart_auth_app.web.edge.same_origin import SAFE_METHODS

MAX_BODY = 64 * 1024
"""Largest body of our forms in bytes; for its own routes a site sets MAX_CONTENT_LENGTH.
Our longest form with its longest values, percent-encoded, needs a fifth of it."""

MAX_FIELDS = 50
"""Largest number of fields of our forms, which have at most four; for its own routes a site sets MAX_FORM_PARTS."""

BODY_TIMEOUT = 10
"""Seconds for the body to arrive."""


def init_app(app: Quart) -> None:
    """Read all forms strictly."""
    app.request_class = StrictRequest


def limit(app: Quart, *, blueprints: Set[str], parser: type[FormDataParser]) -> None:
    """Parse the bodies of requests to these blueprints with `parser`, within our limits."""

    async def limit_ours(asked: Request) -> None:
        if blueprints.isdisjoint(asked.blueprints):
            return
        _read_with(asked, parser)
        if asked.method not in SAFE_METHODS:
            _insist_on_a_form(asked, parser)
        if (asked.content_length or 0) > MAX_BODY:
            raise RequestEntityTooLarge

    hooks.before_request(app, limit_ours)


def limit_first(app: Quart, *, blueprints: Set[str], parser: type[FormDataParser]) -> None:
    """Set these limits before any hook of the application runs, as such a hook may read the form."""

    async def choose(asked: Request) -> None:
        if not blueprints.isdisjoint(asked.blueprints):
            _read_with(asked, parser)

    hooks.before_all_others(app, choose)


def _read_with(asked: Request, parser: type[FormDataParser]) -> None:
    asked.max_content_length = asked.max_form_memory_size = MAX_BODY
    asked.max_form_parts = MAX_FIELDS
    asked.form_data_parser_class = parser


def _insist_on_a_form(asked: Request, parser: type[FormDataParser]) -> None:
    # Not by the type alone: a request without a body may have none. In HTTP/2 a body may come without a length.
    has_length = bool(asked.content_length) or "Transfer-Encoding" in asked.headers
    has_body = has_length or (bool(asked.mimetype) and asked.content_length is None)
    if has_body and asked.mimetype not in parser.parse_functions:
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

    _blueprints: list[str] | None = None

    @property
    def blueprints(self) -> list[str]:
        """The names of the route's blueprints, as Quart finds them; a page asks for them ten times."""
        if self.url_rule is None:
            return []  # not kept: the route may not have been looked up yet
        if self._blueprints is None:
            self._blueprints = super().blueprints
        return self._blueprints
