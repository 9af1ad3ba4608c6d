"""An application that is ours alone, as `create_app` makes it."""

from collections.abc import Mapping

from quart import Quart

from quart_auth_app.blueprints.health import health
from quart_auth_app.blueprints.openapi import openapi
from quart_auth_app.serving import lifespan
from quart_auth_app.settings import Settings
from quart_auth_app.web import (
    compiled_languages,
    context_processors,
    coroutine_functions,
    error_pages,
    language,
    own_files,
    pages,
    urls,
)
from quart_auth_app.web.edge import middleware as edge
from quart_auth_app.web.edge import own_host, same_origin
from quart_auth_app.web.forms import flashes, parsing
from quart_auth_app.web.identity import auth_manager, open_sockets
from quart_auth_app.web.services import EXTENSION, Services
from quart_auth_app.web.telemetry import logs
from quart_auth_app.wiring.pages import PAGES, wire_own


def assemble(app: Quart, settings: Settings, services: Services, *, sites_own: Mapping[str, object]) -> None:
    """Make the application ours. `sites_own` are the site's keys of `app.config`."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        BODY_TIMEOUT=parsing.BODY_TIMEOUT,
    )
    app.config.update(sites_own)
    app.extensions[EXTENSION] = services
    coroutine_functions.init_app(app)
    context_processors.leave_out_flasks(app)
    urls.init_app(app, settings)
    logs.init_app(app)
    edge.init_app(app, services)
    own_host.init_app(app)
    same_origin.init_app(app)
    parsing.init_app(app)
    flashes.init_app(app, settings)
    auth_manager.init_app(app, settings)
    open_sockets.init_app(app)
    own_files.init_app(app)
    language.init_app(app)
    compiled_languages.init_app(app)
    pages.init_app(app, settings)
    error_pages.init_app(app)
    lifespan.init_app(app, services)
    for blueprint in (*PAGES, health, openapi):
        app.register_blueprint(blueprint)
    wire_own(app, ours=set(app.blueprints))
