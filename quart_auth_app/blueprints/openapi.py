"""The document that describes the routes to programs."""

from quart import Blueprint, Response, abort, current_app, jsonify

from quart_auth_app.web.api.openapi import document as described
from quart_auth_app.web.services import services

openapi = Blueprint("openapi", __name__)


@openapi.get("/openapi.json")
async def document() -> Response:
    """Describe the routes of ours in OpenAPI 3.1, where the setting OPENAPI allows it."""
    if not services().settings.openapi:
        abort(404)
    return jsonify(described(current_app))
