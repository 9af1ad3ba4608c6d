"""Templates are translated while they are compiled, once for each language, so that pages take equal time in all.

`{% trans %}` and `_("…")` are Jinja's own, see https://jinja.palletsprojects.com/templates/#i18n. The template
`login.html` is loaded as `ja:login.html` for a reader of Japanese, and so are the templates that it extends or
includes. A name without a language means English, so templates without texts to translate work as always.
"""

from collections.abc import Callable
from typing import Any

from jinja2 import BaseLoader, Environment, Template
from quart import Quart, current_app

from quart_auth_app.languages import ENGLISH, Language
from quart_auth_app.web import moments
from quart_auth_app.web.language import of_this_page
from quart_auth_app.web.services import services_of
from quart_auth_app.web.trans_tag import KnowsLanguages, Translating, form


def init_app(app: Quart, *, reads: Callable[[], Language] = of_this_page) -> None:
    """Translate the application's templates; `reads` returns the language of the page's reader."""
    made = app.jinja_environment
    names = {"languages": services_of(app).languages, "reads": staticmethod(reads)}
    app.jinja_environment = type(made.__name__, (PerLanguage, made), names)  # type: ignore[assignment]  # a type made at run time
    if "jinja_env" in vars(app):  # made already, for example because the application has added a filter
        environment: Any = app.jinja_env
        loader = environment.loader
        environment.__class__ = type(made.__name__, (PerLanguage, type(environment)), names)
        environment.loader = loader
        environment.prepare()


def without_language(name: str | None) -> str | None:
    """Return a template's name without its language."""
    environment: Any = current_app.jinja_env
    return name and str(environment.split(name)[1])


class PerLanguage(KnowsLanguages):
    """A mixin for an application's Jinja environment, which looks templates up by language and name."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.prepare()

    def prepare(self) -> None:
        """Add the extension and the filters that our templates need."""
        self.add_extension(Translating)
        self.filters.update(moment=moments.moment, day=moments.day, number=moments.number, form=form)

    @property
    def loader(self) -> BaseLoader | None:
        """The loader of templates, whatever their language."""
        return self._loader

    @loader.setter
    def loader(self, given: BaseLoader | None) -> None:
        self._loader = given and AnyLanguage(given, self)

    def join_path(self, template: str, parent: str) -> str:
        """Return the name of a template that `parent` extends or includes, in the language of `parent`."""
        prefix, name = self.split(parent)
        return prefix + super().join_path(self.split(template)[1], name)

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002  # Jinja's name
        """Return the template in the reader's language."""
        return self._extended(super().get_template(name if parent else self._wanted(name), parent), globals)

    def select_template(self, names: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002  # Jinja's name
        """Return the first template that exists, in the reader's language."""
        wanted = names if parent else [self._wanted(name) for name in names]
        return self._extended(super().select_template(wanted, parent), globals)

    def make_globals(self, d: Any) -> Any:
        """Return the variables of all templates, and of one template `d`."""
        # Without `d` Jinja makes a ChainMap too, and copies it variable by variable for each page, include and import.
        return super().make_globals(d) if d else self.globals

    def _extended(self, template: Template, own: Any) -> Template:
        if own:
            if template.globals is self.globals:
                template.globals = super().make_globals({})  # so that the others don't get them
            template.globals.update(own)
        return template

    def _wanted(self, name: Any) -> Any:
        code = self.reads().code
        is_plain = isinstance(name, str) and code != ENGLISH.code and not self.split(name)[0]
        return f"{code}:{name}" if is_plain else name


class AnyLanguage(BaseLoader):
    """Finds the source of a template by its name without the language."""

    def __init__(self, inner: BaseLoader, environment: PerLanguage) -> None:
        self.inner = inner
        self._environment = environment
        self.has_source_access = inner.has_source_access

    def get_source(self, environment: Environment, template: str) -> Any:
        """Return the source, which is the same for each language."""
        return self.inner.get_source(environment, self._environment.split(template)[1])

    def load(self, environment: Environment, name: str, globals: Any = None) -> Template:  # noqa: A002  # Jinja's name
        """Compile the template; one that the loader has compiled already stays as it is."""
        if self.has_source_access:
            return super().load(environment, name, globals)
        return self.inner.load(environment, self._environment.split(name)[1], globals)

    def list_templates(self) -> list[str]:
        """Return the names of all templates."""
        return self.inner.list_templates()
