"""The scheme by which browsers reach the site, where a proxy in front ends TLS and speaks plain http to us."""

from typing import Any

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from quart_auth_app.settings import Settings


class PublicScheme:
    """Tells the application the scheme of PUBLIC_URL. X-Forwarded-Proto, which a client may write, isn't asked."""

    def __init__(self, app: Any, settings: Settings) -> None:
        self._app = app
        self._https = settings.https

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request."""
        if self._https and scope["type"] == "http":
            scope["scheme"] = "https"
        await self._app(scope, receive, send)
