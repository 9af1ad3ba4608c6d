"""Our templates and static files, which a site's own of the same name replace, file by file."""

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader
from quart import Quart, send_from_directory
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

PACKAGE = Path(__file__).parents[1]
# In a wheel the templates lie inside the package, in a checkout beside it.
TEMPLATES = next(folder for folder in (PACKAGE / "templates", PACKAGE.parent / "templates") if folder.is_dir())
STATIC = PACKAGE / "static"

PREFIX = "quart_auth_app"
"""`{% extends "quart_auth_app/base.html" %}` means our file, also in a site that has a base.html of its own."""


def join(app: Quart) -> None:
    """Serve our static files in another application where it has none of that name, and templates likewise."""
    init_app(app)
    if "jinja_env" in vars(app):  # made already, as the application has a filter of its own for example
        app.jinja_env.loader = app.create_global_jinja_loader()
    hosts = app.view_functions.get("static")

    async def static(filename: str) -> ResponseReturnValue:
        try:
            if hosts:
                answer: ResponseReturnValue = await app.ensure_async(hosts)(filename=filename)  # type: ignore[assignment]  # Quart knows no type for it
                return answer
        except NotFound:
            pass
        return await send_from_directory(STATIC, filename)

    if hosts:
        app.view_functions["static"] = static
    else:
        app.add_url_rule("/static/<path:filename>", "static", static)


def init_app(app: Quart) -> None:
    """Let Jinja look here for what neither the site nor one of its blueprints has."""
    ours = FileSystemLoader(TEMPLATES)
    sites_own = app.create_global_jinja_loader

    def create_global_jinja_loader() -> BaseLoader:
        return ChoiceLoader([sites_own(), ours, PrefixLoader({PREFIX: ours})])

    # Asked when the first template is rendered, so that options of Jinja can still be set until then.
    app.create_global_jinja_loader = create_global_jinja_loader  # type: ignore[method-assign,assignment]  # Quart's hook, for this one application
