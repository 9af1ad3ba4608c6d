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
from quart_auth_app.operations.directory import MAX_ID
from quart_auth_app.web.api.answers import CREATED
from quart_auth_app.web.api.openapi_bodies import body_of, layers
from quart_auth_app.web.api.openapi_facts import (
    DONE,
    HOW_TO_ASK,
    NO_JSON,
    PROBLEM_SCHEMA,
    QUERIES,
    TOLD_OTHERWISE,
    VALUES,
)
from quart_auth_app.web.api.plain import schema
from quart_auth_app.web.api.views import VIEWS
from quart_auth_app.web.edge.asking import JSON, PROBLEM
from quart_auth_app.web.identity.access_keys import OPEN
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.services import services_of

OURS = "quart_auth_app.blueprints."

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
        body = body_of(rule.endpoint, view)
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


def _needs_log_in(view: Any) -> bool:
    asking = ("login_required.", "sudo_required.", "role_required.")
    return any(each.__code__.co_qualname.startswith(asking) for each in layers(view) if hasattr(each, "__code__"))
