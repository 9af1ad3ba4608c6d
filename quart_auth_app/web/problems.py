"""Refusals in JSON: problem details (RFC 9457)."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from quart import Response
from quart.typing import ResponseTypes

from quart_auth_app.web.edge.asking import PROBLEM
from quart_auth_app.web.language import translated

NEWER_TITLES = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""Names from RFC 9110, which http.HTTPStatus has only since Python 3.13."""

TOLD = {"known", "max_length", "min_length", "most", "retry_after", "role"}
"""Values of errors that JSON answers include. Others, such as the reason why a passkey failed, are for the log only."""


def title_of(status: int) -> str:
    """Return the name of this status, in English."""
    return NEWER_TITLES.get(status) or HTTPStatus(status).phrase


def problem_fields(
    status: int, sentence: str, *, code: str, field: str | None = None, values: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return the members of a problem details object (RFC 9457). `code` is the error's name, which never changes."""
    told = {name: value for name, value in (values or {}).items() if name in TOLD and isinstance(value, int | str)}
    said = {
        "title": title_of(status),
        "status": status,
        "detail": translated(sentence),
        "code": code,
        "field": field,
    }
    return {name: value for name, value in said.items() if value not in {None, ""}} | ({"values": told} if told else {})


def problem(
    status: int, sentence: str, *, code: str, field: str | None = None, values: Mapping[str, object] | None = None
) -> Response:
    """Return a problem details response (RFC 9457)."""
    response = Response()
    become_problem(response, problem_fields(status, sentence, code=code, field=field, values=values))
    return response


def become_problem(response: ResponseTypes, fields: Mapping[str, object]) -> None:
    """Turn this response into a problem details response. Its other headers stay."""
    status = int(str(fields["status"]))
    response.status_code = status
    response.content_type = PROBLEM
    response.set_data(json.dumps(fields))
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers.setdefault("WWW-Authenticate", "Cookie")
