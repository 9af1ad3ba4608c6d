"""Answers in JSON. Routes don't know about it: their templates, flashes and redirects are turned into fields.

A page becomes the object that its view in `views/` makes, or without a view an empty one. A message for the next page
becomes the field `message`, and a redirect the field `next`. A message of a refusal becomes a problem (RFC 9457).
"""

import json
from collections.abc import Set
from typing import Any

from jinja2 import Template
from quart import Quart, Request, g, request, session, url_for
from quart.signals import before_render_template
from quart.typing import ResponseTypes

from quart_auth_app.web.api.plain import plain
from quart_auth_app.web.api.views import VIEWS
from quart_auth_app.web.compiled_languages import without_language
from quart_auth_app.web.edge import hooks
from quart_auth_app.web.edge.asking import JSON, wants_json
from quart_auth_app.web.pages import KINDS
from quart_auth_app.web.problems import become_problem, problem_fields
from quart_auth_app.web.refusals import status_of_code
from quart_auth_app.web.sentences.outcomes import SECOND_STEP_REQUIRED

CREATED = {"auth.signup_post", "passkeys.add_post", "access_keys.create_post", "admin.add_post"}
"""Endpoints that create something: they answer 201, unless it is created later, by the answer to a mail."""

SECOND_STEP = ["totp", "recovery-code"]
"""Methods of a second step."""


def init_app(app: Quart, *, blueprints: Set[str]) -> None:
    """Answer requests to these blueprints in JSON, if the client wants it."""

    async def keep_page(_app: Quart, *, template: Template, context: dict[str, Any], **_: object) -> None:
        if g:
            g.page = without_language(template.name), context

    before_render_template.connect(keep_page, app, weak=False)

    async def answer(asked: Request, response: ResponseTypes) -> None:
        is_ours = not blueprints.isdisjoint(asked.blueprints)
        if is_ours and wants_json(asked):
            response.vary.update(["Accept", "Cookie"])
            if response.mimetype == "text/html" and response.status_code != 308:
                _translate(response)

    hooks.after_request(app, answer)


def _translate(response: ResponseTypes) -> None:
    messages = [(str(category), str(sentence)) for category, sentence in session.get("_flashes", [])]
    location = response.headers.pop("Location", None)
    refused = next((each for each in messages if each[0] not in KINDS | {"message"}), None)
    if refused:
        code, sentence = refused
        become_problem(response, problem_fields(status_of_code(code), sentence, code=code))
    elif location and location.partition("?")[0] == url_for("second_step.login"):
        fields = problem_fields(401, SECOND_STEP_REQUIRED, code="SecondStepRequired")
        become_problem(response, fields | {"methods": SECOND_STEP, "next": location})
    elif response.status_code >= 400:
        become_problem(response, problem_fields(response.status_code, "", code="AccountError"))
    else:
        _tell(response, messages, location)


def _tell(response: ResponseTypes, messages: list[tuple[str, str]], location: str | None) -> None:
    template, context = g.get("page", ("", {}))
    view = VIEWS.get(request.endpoint or "")
    told = plain(view.make(context)) if view and view.template == template else {}
    if messages:
        told["message"] = " ".join(sentence for _, sentence in messages)
    if location:
        told["next"] = location
    response.status_code = 201 if request.endpoint in CREATED and not _waits(location) else 200
    response.set_data(json.dumps(told))
    response.content_type = JSON


def _waits(location: str | None) -> bool:
    return bool(location) and (location or "").partition("?")[0] == url_for("auth.check_mail")
