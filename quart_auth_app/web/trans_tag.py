"""The tag `{% trans %}` and `_("…")`, replaced by their translation while a template is compiled."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from jinja2 import Environment, nodes, pass_environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

from quart_auth_app.languages import ENGLISH, Language
from quart_auth_app.web.own_files import TEMPLATES

PROBED = 1000
"""Numbers tried, from 0, to find all plural forms of a text: in every language the form depends on the last digits."""

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


class KnowsLanguages(Environment):
    """A Jinja environment whose template names may begin with a language code, as in `ja:login.html`."""

    languages: dict[str, Language]
    reads: Callable[[], Language]

    def split(self, name: str | None) -> tuple[str, str]:
        """Split a template's name into the language code with its colon, or "", and the rest."""
        code, colon, rest = (name or "").partition(":")
        return (f"{code}:", rest) if colon and code in self.languages else ("", name or "")

    def language_of(self, name: str | None) -> Language:
        """Return the language that a template is compiled for; without a name, the reader's."""
        if name is None:
            return self.reads()
        prefix, _ = self.split(name)
        return self.languages[prefix[:-1]] if prefix else self.languages.get(ENGLISH.code, ENGLISH)


class Translating(Extension):
    """Replaces each `{% trans %}` and `_("…")` by its translation.

    In an application that also has Jinja's own i18n extension, as Flask-Babel needs, this handles only our templates.
    """

    tags = {"trans"}  # noqa: RUF012  # Jinja's own type
    priority = 200  # after Jinja's own extension, which has the same tag
    environment: KnowsLanguages

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """Replace `_("…")` by its translation, and in `_("… %(name)s", name=…)` the placeholders by their values."""
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
        """Replace a `{% trans %}` by its translation; one with `{% pluralize %}` chooses its form at run time."""
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
    """Parse the arguments of `{% trans … %}`: values by name. The first is the number that chooses the plural form."""
    values: dict[str, nodes.Expr] = {}
    while parser.stream.current.type != "block_end":
        if values:
            parser.stream.expect("comma")
        name = parser.stream.expect("name").value
        values[name] = parser.parse_expression() if parser.stream.skip_if("assign") else nodes.Name(name, "load")
    return values


def _texts(parser: Parser, bodies: Sequence[list[nodes.Node]], values: dict[str, nodes.Expr]) -> list[str]:
    """Return the texts as in the catalogue, and add the variables that they name to `values`."""
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
    """Return the text as a list of nodes, with the values in place of the placeholders."""
    if not _PLACEHOLDER.search(text):
        return [nodes.TemplateData(text)]
    filled: list[nodes.Expr] = []
    plain, *rest = _PLACEHOLDER.split(text)  # text and name alternate
    filled.append(nodes.TemplateData(plain.replace("%%", "%")))
    for name, piece in zip(rest[::2], rest[1::2], strict=True):
        filled += [values[name], nodes.TemplateData(piece.replace("%%", "%"))]
    return filled


@pass_environment
def form(environment: KnowsLanguages, number: int, code: str, one: str, other: str) -> str:
    """Return the plural form of a text for the number."""
    return environment.languages.get(code, ENGLISH).texts.ngettext(one, other, number)


def _forms(language: Language, texts: Sequence[str], values: dict[str, nodes.Expr], line: int) -> nodes.Node:
    """Return a node that shows the plural form for the first of the values."""
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
