"""The access log: a line for each request. It has neither query strings nor Referer: both may contain secrets."""

import logging

from quart_auth_app.web.edge import scopes
from quart_auth_app.web.edge.headers import Headers, for_every_response
from quart_auth_app.web.services import Services
from quart_auth_app.web.telemetry import logs

_access = logging.getLogger(f"{logs.LOGGER}.access")


def write(
    services: Services,
    *,
    method: str,
    path: str,
    route: str,
    status: int,
    seconds: float,
    address: str,
    request_id: str,
) -> None:
    """Write the request's line, and count it in the metrics under its route."""
    if services.metrics:
        services.metrics.request(method, route, status, seconds)
    logs.write(
        _access,
        method=method,
        path=path,
        status=status,
        milliseconds=round(1000 * seconds, 1),
        address=address,
        request_id=request_id,
    )


def write_unreadable(services: Services, status: int, *, client: tuple[str, int] | None) -> Headers:
    """Write the line of a request that the server could not parse, and return the answer's headers."""
    request_id, address = scopes.new_id(), client[0] if client else ""
    write(
        services, method="", path="", route="none", status=status, seconds=0.0, address=address, request_id=request_id
    )
    return [*for_every_response(services.settings), (b"vary", b"Cookie"), (b"x-request-id", request_id.encode())]
