"""The OpenAPI document, made from what the routes themselves declare, so that both always agree.

A route's form says which fields it takes, its view in `views/` what it returns, its decorators who may use it. New
routes of our blueprints appear in it by themselves.
"""

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from quart import Quart
from werkzeug.routing import Rule

from quart_auth_app.accounts.access_keys import PREFIX
from quart_auth_app.operations.acts import ACTS
from quart_auth_app.operations.directory import MAX_ID
from quart_auth_app.web.api.answers import CREATED
from quart_auth_app.web.api.plain import schema
from quart_auth_app.web.api.reading import NUMBERS
from quart_auth_app.web.api.views import VIEWS
from quart_auth_app.web.edge.asking import JSON, PROBLEM
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import CREDENTIALS, limit_of
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.identity.access_keys import OPEN
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.services import services_of

OURS = "quart_auth_app.blueprints."

NO_JSON = {
    "health.healthz",
    "health.readyz",
    "openapi.document",
    "passkeys.endpoints",
    "auth.sign_up",
    "auth.cookies",
    "second_step.recovery_codes_text",
}
"""Endpoints that are left out: probes, this document, a redirect, cookies, a file, W3C's JSON."""

DONE = {
    "type": "object",
    "description": "What was done: a sentence for people, and the page that a browser would go on to.",
    "properties": {"message": {"type": "string"}, "next": {"type": "string"}},
}

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "The sentence that a person would read."},
        "code": {"type": "string", "description": "The error's name, which never changes."},
        "field": {"type": "string", "description": "The field that is at fault."},
        "values": {"type": "object", "additionalProperties": True},
        "methods": {"type": "array", "items": {"type": "string"}},
        "next": {"type": "string"},
    },
    "required": ["title", "status", "code"],
}

EXPORT = {
    "type": "object",
    "description": "All that is kept about the user, by table; what a site adds is in it too.",
    "properties": {"account": {"type": "object", "additionalProperties": True}},
    "required": ["account"],
    "additionalProperties": True,
}

TOLD_OTHERWISE = {"account.export_post": ("Export", EXPORT)}
"""Endpoints that always answer in JSON: the schema's name, and the schema."""

HOW_TO_ASK = (
    "The routes of the pages, in JSON. Send `Accept: application/json`; without it the answer is a page. A browser's "
    "log-in is a cookie, so keep the cookies that are set. A script sends an access key in place of it "
    "(`Authorization: Bearer qaa_...`), which opens the operations that name `accessKey`."
)

QUERIES = {"activity.overview": ["before"], "admin.users": ["search", "after"], "admin_site.mail": ["after"]}
"""Query parameters of pages."""

LEAD_ON = {
    "account.sudo",
    "auth.login_post",
    "auth.signup_code",
    "auth.signup_post",
    "mailed_login.code_post",
    "mailed_login.link_post",
    "mailed_login.mail_post",
    "main.language",
    "passkeys.login",
    "providers.login",
    "second_step.login_post",
}
"""Endpoints that accept `next`, the page to go on to."""

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

VALUES = {"act": list(ACTS)}
"""Allowed values of parts of a path."""

Schemas = dict[str, Any]


def document(app: Quart) -> dict[str, Any]:
    """Return the document of our routes in the application, as values for JSON."""
    schemas: Schemas = {"Done": DONE, "Problem": PROBLEM_SCHEMA}
    paths: dict[str, dict[str, Any]] = {}
    cookie = cookie_name("log-in", services_of(app).settings)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        is_ours = app.view_functions[rule.endpoint].__module__.startswith(OURS)
        if is_ours and rule.endpoint not in NO_JSON:
            path = paths.setdefault(_path(rule), {})
            path |= {method.lower(): _operation(app, rule, method, schemas) for method in _methods(rule)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "quart-auth-app", "version": version("quart-auth-app"), "description": HOW_TO_ASK},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
                "accessKey": {"type": "http", "scheme": "bearer", "bearerFormat": f"{PREFIX}..."},
            },
        },
    }


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) & {"GET", "POST"})


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _operation(app: Quart, rule: Rule, method: str, schemas: Schemas) -> dict[str, Any]:
    view = app.view_functions[rule.endpoint]
    operation: dict[str, Any] = {
        "operationId": f"{rule.endpoint.replace('.', '_')}{'' if len(_methods(rule)) == 1 else '_' + method.lower()}",
        "tags": [rule.endpoint.partition(".")[0]],
        "summary": (inspect.getdoc(view) or "").partition("\n")[0],
        "parameters": [*_parameters(rule, method)],
        "responses": _responses(rule.endpoint, method, schemas),
    }
    if _needs_log_in(view):
        by_key: list[Schemas] = [{"accessKey": []}] if rule.endpoint in OPEN else []
        operation["security"] = [{"cookie": []}, *by_key]
    if method == "POST":
        body = _body(rule.endpoint, view)
        operation["requestBody"] = {"required": "required" in body, "content": {JSON: {"schema": body}}}
    return operation


def _parameters(rule: Rule, method: str) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        is_number = f"<int:{name}>" in rule.rule
        type_: dict[str, Any] = {"type": "string"} | ({"enum": VALUES[name]} if name in VALUES else {})
        if is_number:
            type_ = {"type": "integer", "minimum": 0, "maximum": MAX_ID}
        yield {"name": name, "in": "path", "required": True, "schema": type_}
    for name in QUERIES.get(rule.endpoint, []) if method == "GET" else []:
        yield {"name": name, "in": "query", "schema": {"type": "string"}}


def _responses(endpoint: str, method: str, schemas: Schemas) -> dict[str, Any]:
    view = VIEWS.get(endpoint)
    name, otherwise = TOLD_OTHERWISE.get(endpoint, ("Done", DONE))
    schemas[name] = otherwise
    done = {"$ref": f"#/components/schemas/{name}"}
    told = schema(view.type, schemas) if view else done
    if view and view.leads_on:
        told = {"anyOf": [told, done]}
    fine = {"description": "It is done, or told.", "content": {JSON: {"schema": told}}}
    wrong = {"$ref": "#/components/schemas/Problem"}
    responses = {"200": fine, **({"201": fine} if method == "POST" and endpoint in CREATED else {})}
    return responses | {"default": {"description": "It is refused.", "content": {PROBLEM: {"schema": wrong}}}}


def _layers(view: Any) -> Iterator[Any]:
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def _needs_log_in(view: Any) -> bool:
    asking = ("login_required.", "sudo_required.", "role_required.")
    return any(each.__code__.co_qualname.startswith(asking) for each in _layers(view) if hasattr(each, "__code__"))


def _body(endpoint: str, view: Any) -> dict[str, Any]:
    form = next((each.form for each in _layers(view) if isinstance(getattr(each, "form", None), Form)), None)
    needed: tuple[str, ...] = ()
    properties: dict[str, Any] = {}
    if form:
        needed = form.fields
        properties |= {name: _text(name) for name in needed}
        properties |= {name: _or_null(_text(name)) for name in form.optional}
        properties |= {name: {"type": ["boolean", "null"]} for name in form.ticks}
        properties |= {each.name: {"type": ["string", "number", "boolean", "null"]} for each in form.own()}
    if any("sudo_required." in each.__code__.co_qualname for each in _layers(view) if hasattr(each, "__code__")):
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
