"""Templates are translated while they are compiled, once for each language, so that a page costs the same in all.

`{% trans %}` and `_("…")` are Jinja's own, see https://jinja.palletsprojects.com/templates/#i18n. The template
`login.html` is asked for as `ja:login.html` where somebody reads Japanese, and what it extends or includes likewise. A
name without a language is English, so that templates without any mark are as they always were.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from jinja2 import BaseLoader, Environment, Template, nodes, pass_environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser
from quart import Quart, current_app

from quart_auth_app.languages import ENGLISH, Language
from quart_auth_app.web import moments
from quart_auth_app.web.language import of_this_page
from quart_auth_app.web.own_files import TEMPLATES
from quart_auth_app.web.services import services_of

PROBED = 1000
"""Numbers that are tried to find all plural forms of a text: in every language they depend on the last digits."""

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def init_app(app: Quart, *, reads: Callable[[], Language] = of_this_page) -> None:
    """Translate the application's templates; `reads` tells which language the reader of this answer reads."""
    made = app.jinja_environment
    names = {"languages": services_of(app).languages, "reads": staticmethod(reads)}
    app.jinja_environment = type(made.__name__, (PerLanguage, made), names)  # type: ignore[assignment]  # a type made at run time
    if "jinja_env" in vars(app):  # made already, as the application has a filter of its own for example
        environment: Any = app.jinja_env
        loader = environment.loader
        environment.__class__ = type(made.__name__, (PerLanguage, type(environment)), names)
        environment.loader = loader
        environment.prepare()


def without_language(name: str | None) -> str | None:
    """Return a template's own name."""
    environment: Any = current_app.jinja_env
    return name and str(environment.split(name)[1])


class PerLanguage(Environment):
    """A mixin for an application's Jinja environment."""

    languages: dict[str, Language]
    reads: Callable[[], Language]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.prepare()

    def prepare(self) -> None:
        """Add what our templates need."""
        self.add_extension(Translating)
        self.filters.update(moment=moments.moment, day=moments.day, number=moments.number, form=_form)

    @property
    def loader(self) -> BaseLoader | None:
        """Where templates come from, whatever their language."""
        return self._loader

    @loader.setter
    def loader(self, given: BaseLoader | None) -> None:
        self._loader = given and AnyLanguage(given, self)

    def split(self, name: str | None) -> tuple[str, str]:
        """Return the language that stands in front of a template's name, with its colon, and the name itself."""
        code, colon, rest = (name or "").partition(":")
        return (f"{code}:", rest) if colon and code in self.languages else ("", name or "")

    def language_of(self, name: str | None) -> Language:
        """Return the language that a template is compiled for; for one without a name, that of who reads now."""
        if name is None:
            return self.reads()
        prefix, _ = self.split(name)
        return self.languages[prefix[:-1]] if prefix else self.languages.get(ENGLISH.code, ENGLISH)

    def join_path(self, template: str, parent: str) -> str:
        """Return the name of what a template extends or includes: in the same language."""
        prefix, name = self.split(parent)
        return prefix + super().join_path(self.split(template)[1], name)

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002  # Jinja's name
        """Return the template in the language of who reads now."""
        return super().get_template(name if parent else self._wanted(name), parent, globals)

    def select_template(self, names: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002  # Jinja's name
        """Return the first template that there is, in the language of who reads now."""
        return super().select_template(names if parent else [self._wanted(name) for name in names], parent, globals)

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
        """Compile the template, unless it comes compiled: then it is as it is."""
        if self.has_source_access:
            return super().load(environment, name, globals)
        return self.inner.load(environment, self._environment.split(name)[1], globals)

    def list_templates(self) -> list[str]:
        """Return the names of all templates."""
        return self.inner.list_templates()


class Translating(Extension):
    """Puts the translation in place of each `{% trans %}` and `_("…")`.

    In an application that has Jinja's own extension too, as Flask-Babel for example needs, only our templates are ours.
    """

    tags = {"trans"}  # noqa: RUF012  # as Jinja has it
    priority = 200  # behind Jinja's own, which has the same tag
    environment: PerLanguage

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """Replace `_("…")` by its translation, and `_("… %(name)s", name=…)` by that, filled in."""
        if self._is_anothers(stream.filename):
            return stream
        return self._replaced(stream, self.environment.language_of(stream.name))

    def _replaced(self, stream: TokenStream, language: Language) -> Iterator[Token]:
        for token in stream:
            if not (token.test("name:_") and stream.current.type == "lparen" and stream.look().type == "string"):
                yield token
                continue
            next(stream)
            text = ""
            while stream.current.type == "string":
                text += next(stream).value
            yield Token(token.lineno, "string", language.texts.gettext(text))
            if next(stream).type == "comma":
                for kind, value in (("pipe", "|"), ("name", "format"), ("lparen", "(")):
                    yield Token(token.lineno, kind, value)

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Replace a `{% trans %}` by its translation; one with `{% pluralize %}` looks its form up each time."""
        if self._others and self._is_anothers(parser.filename):
            return self._others.parse(parser)
        line = next(parser.stream).lineno
        values = _values(parser)
        bodies = [parser.parse_statements(("name:pluralize", "name:endtrans"))]
        if parser.stream.current.value == "pluralize":
            next(parser.stream)
            bodies.append(parser.parse_statements(("name:endtrans",)))
        next(parser.stream)
        texts = _texts(parser, bodies, values)
        language = self.environment.language_of(parser.name)
        if len(texts) == 1:
            return nodes.Output(_filled(language.texts.gettext(texts[0]), values), lineno=line)
        return _forms(language, texts, values, line)

    @property
    def _others(self) -> Extension | None:
        return self.environment.extensions.get("jinja2.ext.InternationalizationExtension")

    def _is_anothers(self, filename: str | None) -> bool:
        return self._others is not None and not (filename or "").startswith(str(TEMPLATES))


def _values(parser: Parser) -> dict[str, nodes.Expr]:
    """Return what stands between `trans` and `%}`: values by name. The first one is the number that is counted."""
    values: dict[str, nodes.Expr] = {}
    while parser.stream.current.type != "block_end":
        if values:
            parser.stream.expect("comma")
        name = parser.stream.expect("name").value
        values[name] = parser.parse_expression() if parser.stream.skip_if("assign") else nodes.Name(name, "load")
    return values


def _texts(parser: Parser, bodies: Sequence[list[nodes.Node]], values: dict[str, nodes.Expr]) -> list[str]:
    """Return the texts as they stand in the catalogue, and add to `values` what they name besides."""
    texts = [[piece for output in body for piece in _pieces_of(parser, output)] for body in bodies]
    names = {piece.name for text in texts for piece in text if isinstance(piece, nodes.Name)}
    for name in names - values.keys():
        values[name] = nodes.Name(name, "load")
    percent = "%%" if names else "%"
    return ["".join(_written(piece, percent) for piece in text) for text in texts]


def _written(piece: nodes.Name | nodes.TemplateData, percent: str) -> str:
    return f"%({piece.name})s" if isinstance(piece, nodes.Name) else piece.data.replace("%", percent)


def _pieces_of(parser: Parser, output: nodes.Node) -> Iterator[nodes.Name | nodes.TemplateData]:
    for piece in output.iter_child_nodes():
        if not isinstance(output, nodes.Output) or not isinstance(piece, nodes.Name | nodes.TemplateData):
            parser.fail("a text to translate has names in it and nothing else: {% trans name=… %}", output.lineno)
        yield piece


def _filled(text: str, values: dict[str, nodes.Expr]) -> list[nodes.Expr]:
    """Return the text in pieces, with the values where it names them."""
    if not _PLACEHOLDER.search(text):
        return [nodes.TemplateData(text)]
    filled: list[nodes.Expr] = []
    plain, *rest = _PLACEHOLDER.split(text)  # text and name by turns
    filled.append(nodes.TemplateData(plain.replace("%%", "%")))
    for name, piece in zip(rest[::2], rest[1::2], strict=True):
        filled += [values[name], nodes.TemplateData(piece.replace("%%", "%"))]
    return filled


@pass_environment
def _form(environment: PerLanguage, number: int, code: str, one: str, other: str) -> str:
    """Return the form of a text that belongs to the number."""
    return environment.languages.get(code, ENGLISH).texts.ngettext(one, other, number)


def _forms(language: Language, texts: Sequence[str], values: dict[str, nodes.Expr], line: int) -> nodes.Node:
    """Return a node that shows the form which belongs to the first of the values."""
    (name, number), *others = values.items()
    shown = {name: nodes.Filter(number, "number", [], [], None, None), **dict(others)}
    forms = dict.fromkeys(language.texts.ngettext(texts[0], texts[1], each) for each in range(PROBED))
    asked = nodes.Filter(number, "form", [nodes.Const(each) for each in (language.code, *texts)], [], None, None)
    *first, last = [(form, nodes.Output(_filled(form, shown), lineno=line)) for form in forms]
    node: nodes.Node = last[1]
    for form, output in first:
        is_it = nodes.Compare(asked, [nodes.Operand("eq", nodes.Const(form))])
        node = nodes.If(is_it, [output], [], [node], lineno=line)
    return node
