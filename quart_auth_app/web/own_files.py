"""Our templates and static files. A site's file of the same name replaces ours."""

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader
from quart import Quart, send_from_directory
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

PACKAGE = Path(__file__).parents[1]
# In a wheel the templates are inside the package, in a checkout beside it.
TEMPLATES = next(folder for folder in (PACKAGE / "templates", PACKAGE.parent / "templates") if folder.is_dir())
STATIC = PACKAGE / "static"

PREFIX = "quart_auth_app"
"""`{% extends "quart_auth_app/base.html" %}` means our file, also in a site that has a base.html of its own."""


def join(app: Quart) -> None:
    """In another application, serve our templates and static files wherever it has none of that name."""
    init_app(app)
    if "jinja_env" in vars(app):  # made already, for example because the application has added a filter
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
    """Let Jinja use our template where neither the site nor one of its blueprints has one."""
    ours = FileSystemLoader(TEMPLATES)
    sites_own = app.create_global_jinja_loader

    def create_global_jinja_loader() -> BaseLoader:
        return ChoiceLoader([sites_own(), ours, PrefixLoader({PREFIX: ours})])

    # Quart calls this when it renders the first template, so a site can still set options of Jinja before.
    app.create_global_jinja_loader = create_global_jinja_loader  # type: ignore[method-assign,assignment]  # Quart's hook, for this one application
