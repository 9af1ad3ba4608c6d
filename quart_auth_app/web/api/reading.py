"""Reads bodies of JSON as form fields, so that routes don't see a difference.

A field is a string, as in a form. But checkboxes are true or false, some fields may be numbers, and a passkey's answer
may be an object. Anything else is refused with a sentence that names the field.
"""

import json
from typing import Any

from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.fields import own_fields
from quart_auth_app.web.edge.asking import JSON
from quart_auth_app.web.forms.fields import CREDENTIALS, LIMITS, TICKS, InvalidForm
from quart_auth_app.web.forms.parsing import StrictParser, limited

NUMBERS = {"days", "session"}
"""Text fields that may also be JSON numbers."""


class JsonInvalid(AccountError):
    """The body is not one JSON object (RFC 8259); `reason` says why, see NOT_JSON in web/sentences/reasons.py."""


class WrongType(InvalidForm):
    """A field has a value of a type that it doesn't take."""


async def _parse(
    parser: FormDataParser, body: Body, _mimetype: str, _length: int | None, options: dict[str, str]
) -> tuple[MultiDict[str, str], MultiDict[str, Any]]:
    fields: MultiDict[str, str] = MultiDict()
    for name, value in _object(await limited(body, parser.max_content_length)).items():
        for text in _texts(name, value):
            fields.add(name, text)
    return fields, MultiDict()


class BilingualParser(StrictParser):
    """The parser of forms, extended by JSON objects."""

    parse_functions = StrictParser.parse_functions | {JSON: _parse}


def _object(content: bytes) -> dict[str, Any]:
    if not content.strip():
        return {}  # a form without fields
    try:
        # Decode first: json.loads on bytes would also accept UTF-16 and UTF-32.
        found = json.loads(content.decode(), object_pairs_hook=_once_each, parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False).encode()  # fails for a lone surrogate
    except RecursionError:
        raise JsonInvalid(reason="deep") from None
    except UnicodeError:
        raise JsonInvalid(reason="text") from None
    except ValueError:  # also raised for numbers with more digits than Python parses
        raise JsonInvalid(reason="syntax") from None
    if not isinstance(found, dict):
        raise JsonInvalid(reason="object")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise JsonInvalid(reason="twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity, which are not in RFC 8259


def _texts(name: str, value: Any) -> list[str]:
    """Return the field's values as a form would send them, none for null."""
    if value is None:
        return []
    if name in TICKS:
        return ["on"] * _of_type(name, value, bool)
    if isinstance(value, bool | int | float) and name in {each.name for each in own_fields.fields()}:
        return ["on"] * value if isinstance(value, bool) else [str(value)]
    if name in CREDENTIALS and isinstance(value, dict):
        return [json.dumps(value)]
    if name in NUMBERS and type(value) is int:
        return [str(value)]
    if name not in LIMITS and name != "next" and isinstance(value, list):
        return [_of_type(name, each, str) for each in value]
    return [_of_type(name, value, str)]


def _of_type(name: str, value: Any, type_: type) -> Any:
    # Not only isinstance: True is an int in Python.
    if not isinstance(value, type_):
        raise WrongType(name)
    return value
