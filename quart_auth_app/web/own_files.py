"""Our templates and static files, which a site's own of the same name replace, file by file."""

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader
from quart import Quart

PACKAGE = Path(__file__).parents[1]
# In a wheel the templates lie inside the package, in a checkout beside it.
TEMPLATES = next(folder for folder in (PACKAGE / "templates", PACKAGE.parent / "templates") if folder.is_dir())
STATIC = PACKAGE / "static"

PREFIX = "quart_auth_app"
"""`{% extends "quart_auth_app/base.html" %}` means our file, also in a site that has a base.html of its own."""


def init_app(app: Quart) -> None:
    """Let Jinja look here for what neither the site nor one of its blueprints has."""
    ours = FileSystemLoader(TEMPLATES)
    sites_own = app.create_global_jinja_loader

    def create_global_jinja_loader() -> BaseLoader:
        return ChoiceLoader([sites_own(), ours, PrefixLoader({PREFIX: ours})])

    # Asked when the first template is rendered, so that options of Jinja can still be set until then.
    app.create_global_jinja_loader = create_global_jinja_loader  # type: ignore[method-assign,assignment]
