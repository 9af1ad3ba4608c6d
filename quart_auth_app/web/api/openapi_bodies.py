"""The schemas of what is sent to the routes, from the forms that they declare."""

from collections.abc import Iterator
from typing import Any

from quart_auth_app.web.api.openapi_facts import LEAD_ON
from quart_auth_app.web.api.reading import NUMBERS
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import CREDENTIALS, limit_of
from quart_auth_app.web.forms.form import Form

PROOFS: dict[str, Any] = {
    name: {"type": types, "description": f"Looked at where a proof is needed. {what}"}
    for name, types, what in (
        ("sudo_password", ["string", "null"], f"Up to {limit_of('sudo_password')} characters."),
        ("sudo_code", ["string", "null"], f"Up to {limit_of('sudo_code')} characters."),
        ("sudo_credential", ["string", "object", "null"], "What navigator.credentials gave, as JSON."),
    )
}

ANYTHING_ELSE = {"type": ["string", "array", "null"], "items": {"type": "string"}}
"""The schema of unknown fields: they are ignored, but must have a type that forms can send."""


def body_of(endpoint: str, view: Any) -> dict[str, Any]:
    """Return the schema of a route's form, and of the fields that its decorators add."""
    form = next((each.form for each in layers(view) if isinstance(getattr(each, "form", None), Form)), None)
    needed: tuple[str, ...] = ()
    properties: dict[str, Any] = {}
    if form:
        needed = form.fields
        properties |= {name: _text(name) for name in needed}
        properties |= {name: _or_null(_text(name)) for name in form.optional}
        properties |= {name: {"type": ["boolean", "null"]} for name in form.ticks}
        properties |= {each.name: {"type": ["string", "number", "boolean", "null"]} for each in form.own()}
    if any("sudo_required." in each.__code__.co_qualname for each in layers(view) if hasattr(each, "__code__")):
        properties |= PROOFS
    if endpoint in LEAD_ON:
        properties["next"] = {"type": ["string", "null"], "description": f"Up to {next_page.MAX_LENGTH} characters."}
    body = {"type": "object", "properties": properties, "additionalProperties": ANYTHING_ELSE}
    return body | ({"required": [*needed]} if needed else {})


def _text(name: str) -> dict[str, Any]:
    if name in CREDENTIALS:
        return {"type": ["string", "object"], "description": "What navigator.credentials gave, as JSON."}
    return {"type": ["string", "integer"] if name in NUMBERS else "string", "maxLength": limit_of(name)}


def _or_null(text: dict[str, Any]) -> dict[str, Any]:
    types = text["type"]
    return text | {"type": [*(types if isinstance(types, list) else [types]), "null"]}


def layers(view: Any) -> Iterator[Any]:
    """Yield a view and what its decorators wrap, the outermost first."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)
