"""What the OpenAPI document says that the routes don't declare themselves."""

from quart_auth_app.operations.acts import ACTS

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

VALUES = {"act": list(ACTS)}
"""Allowed values of parts of a path."""
