"""An application that has pages of its own, and to which `Accounts` adds ours."""

from quart import Quart

from quart_auth_app.serving import lifespan
from quart_auth_app.settings import Settings
from quart_auth_app.web import (
    compiled_languages,
    context_processors,
    error_pages,
    language,
    own_files,
    pages,
    urls,
)
from quart_auth_app.web.api.reading import BilingualParser
from quart_auth_app.web.edge import middleware as edge
from quart_auth_app.web.edge import own_host, same_origin
from quart_auth_app.web.forms import parsing
from quart_auth_app.web.identity import auth_manager, open_sockets
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.services import EXTENSION, Services
from quart_auth_app.web.telemetry import logs
from quart_auth_app.wiring.pages import PAGES, wire_own


def join(app: Quart, settings: Settings, services: Services, *, ours: set[str], url_prefix: str | None) -> None:
    """Add our pages, whose blueprints are `ours`, below the prefix. The application's own stay as they are."""
    if not app.config["SECRET_KEY"]:
        app.config.update(SECRET_KEY=settings.secret_key, SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks))
    app.extensions[EXTENSION] = services
    logs.join()
    edge.join(app, services, blueprints=ours)
    own_host.join(app, blueprints=ours)
    same_origin.join(app, blueprints=ours, cookie=cookie_name("log-in", settings))
    auth_manager.init_app(app, settings)
    open_sockets.init_app(app)
    own_files.join(app)
    urls.join_routes(app, settings)
    language.init_app(app)
    compiled_languages.init_app(app)
    pages.init_app(app, settings)
    processors = app.template_context_processors[None]
    processors.insert(0, processors.pop())  # first, so that the values of the application's own processors win
    error_pages.join(app)
    lifespan.init_app(app, services, is_guest=True)
    for blueprint in PAGES:
        app.register_blueprint(blueprint, url_prefix=url_prefix)
    if url_prefix:
        _serve_well_known_at_root(app, url_prefix, ours=ours)
    context_processors.leave_out_of(app, ours)
    parsing.limit_first(app, blueprints=ours, parser=BilingualParser)
    wire_own(app, ours=ours)


def _serve_well_known_at_root(app: Quart, prefix: str, *, ours: set[str]) -> None:
    # Password managers look for these addresses at the root of the host (RFC 8615), whatever the prefix.
    for rule in list(app.url_map.iter_rules()):
        path = rule.rule.removeprefix(prefix)
        if path.startswith("/.well-known/") and rule.endpoint.partition(".")[0] in ours:
            app.add_url_rule(path, rule.endpoint, app.view_functions[rule.endpoint], methods=rule.methods)
