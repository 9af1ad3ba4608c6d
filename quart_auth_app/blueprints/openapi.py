"""The OpenAPI document, which describes the routes to programs."""

import json
from functools import lru_cache
from typing import Any, cast

from quart import Blueprint, Quart, Response, abort, current_app

from quart_auth_app.web.api.openapi import document as described
from quart_auth_app.web.services import services

openapi = Blueprint("openapi", __name__)


@openapi.get("/openapi.json")
async def document() -> Response:
    """Describe our routes in OpenAPI 3.1, if the setting OPENAPI allows it."""
    if not services().settings.openapi:
        abort(404)
    return Response(_written(cast(Any, current_app)._get_current_object()), mimetype="application/json")


@lru_cache(maxsize=1)
def _written(app: Quart) -> str:
    # Once: after the first request an application takes no more routes.
    return json.dumps(described(app))
