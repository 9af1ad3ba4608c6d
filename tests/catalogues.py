"""The gettext catalogues of our texts: `make catalogues` brings them up to date.

In Python, texts are found without a call of gettext: in the calls that show them (CALLS), and in constants that contain
only texts (TABLES). In templates they are marked with Jinja's i18n tags.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract
from werkzeug.exceptions import default_exceptions

from quart_auth_app.languages.catalogues import OURS
from quart_auth_app.web.own_files import PACKAGE, TEMPLATES
from quart_auth_app.web.problems import title_of

TEMPLATE = OURS / "messages.pot"

CALLS = {"translated", "Paragraph", "subject", "sudo_required", "Notice", "gettext", "pgettext", "link_page"}
"""Functions whose literal arguments are texts, except paths, which begin with a slash."""

TABLES = {
    "accounts/history/activity_kinds.py": {"KINDS"},
    "accounts/browsers.py": {"UNKNOWN"},
    "languages/language.py": {"MONTHS"},
    "mail/way_in_letters.py": {"NOT_YOU"},
    "mail/notices.py": {"NOT_YOU", "NOT_YOUR_PASSWORD"},
    "web/edge/same_origin.py": {"ANOTHER_SITE"},
    "web/error_pages.py": {"SENTENCES", "NO_PAGE"},
    "web/sentences/field_notes.py": None,
    "web/sentences/outcomes.py": None,
    "web/sentences/reasons.py": None,
    "web/sentences/refusals.py": None,
}
"""Constants with only texts for people, by module; None for the whole module. Keys of dicts don't count."""

PHRASES = {title_of(status) for status in HTTPStatus if status in default_exceptions} - {
    "I'm a Teapot",
    "Misdirected Request",
    "Locked",
    "Failed Dependency",
    "Unavailable For Legal Reasons",
}
"""Titles of error pages."""

NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
"""Replaces dates that would change a catalogue each time."""

LEFT_OUT = tuple(
    f'"{name}: '
    for name in (
        *("Project-Id-Version", "Report-Msgid-Bugs-To", "POT-Creation-Date", "PO-Revision-Date"),
        *("Last-Translator", "Language-Team", "Generated-By"),
    )
)
"""Lines of a catalogue's header that are not needed here."""

Found = tuple[str, str | tuple[str, ...], str | None]
"""A text's place, the text or its two plural forms, and its context if it has one."""


def extracted() -> Catalog:
    """Return all texts in the code and the templates."""
    catalog = Catalog(project="quart-auth-app", fuzzy=False, header_comment="# The texts of quart-auth-app.")
    for place, text, context in sorted(_all(), key=lambda found: found[0]):
        plain = text if isinstance(text, str) else text[0]
        flags = ["python-brace-format"] if "{" in plain else []
        catalog.add(text, locations=[(place, None)], flags=flags, context=context)  # type: ignore[list-item]  # no line
    return catalog


def _all() -> Iterator[Found]:
    for file in sorted(TEMPLATES.rglob("*.html")):
        yield from _of_template(file)
    for file in sorted(PACKAGE.rglob("*.py")):
        yield from _of_module(file)
    for phrase in sorted(PHRASES):
        yield "web/refusals.py", phrase, None


def _of_template(file: Path) -> Iterator[Found]:
    place = f"templates/{file.relative_to(TEMPLATES)}"
    for _, _, text, _ in babel_extract(BytesIO(file.read_bytes()), ("_", "gettext", "ngettext"), [], {"silent": "no"}):
        forms = [part for part in (text if isinstance(text, tuple) else (text,)) if part]
        yield place, forms[0] if len(forms) == 1 else (forms[0], forms[1]), None


def _of_module(file: Path) -> Iterator[Found]:
    place = str(file.relative_to(PACKAGE))
    tree = ast.parse(file.read_text())
    for node in tree.body:
        names = _assigned(node)
        wanted = TABLES.get(place, set())
        if names and (wanted is None or names & wanted):
            yield from ((place, text, None) for text in _texts(node))
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            yield from ((place, text, context) for text, context in _of_call(call, place))


def _assigned(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name) and target.id.isupper()}


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts in a value, without keys of dicts and arguments of calls."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    elif not isinstance(node, ast.Call | ast.Lambda):
        parts: Iterable[ast.AST] = node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node)
        if isinstance(node, ast.AnnAssign | ast.Assign):
            parts = [node.value] if node.value else []
        for part in parts:
            yield from _texts(part)


def _of_call(call: ast.Call, place: str) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in {"words", "more", "text"})]
    if name in CALLS and any(isinstance(each, ast.JoinedStr) for each in given):
        raise SystemExit(
            f"{place}, line {call.lineno}: an f-string can't be translated; write {{name}} and give a value"
        )
    texts = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if name == "Plural":
        yield tuple(texts), None
    elif name == "pgettext" and len(texts) == 2:
        yield texts[1], texts[0]
    elif name in CALLS:
        yield from ((text, None) for text in texts if not text.startswith("/"))


def languages() -> list[str]:
    """Return the languages with a catalogue."""
    return sorted(file.parts[-3] for file in OURS.glob("*/LC_MESSAGES/messages.po"))


def po_of(language: str) -> Path:
    """Return the path of a language's catalogue for translators."""
    return OURS / language / "LC_MESSAGES" / "messages.po"


def read(file: Path, language: str | None = None) -> Catalog:
    """Return a catalogue."""
    with file.open("rb") as opened:
        return read_po(opened, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """Return a catalogue compiled for the application."""
    made = BytesIO()
    write_mo(made, catalog)
    return made.getvalue()


def faults(catalog: Catalog) -> list[str]:
    """Return the faults of a catalogue, a sentence for each."""
    found = [f"not used any more: {message.id!r}" for message in catalog.obsolete.values()]
    for message in catalog:
        if message.id:
            found += _faults_of(message, catalog)
    return found


def _faults_of(message: Message, catalog: Catalog) -> Iterator[str]:
    forms = message.string if isinstance(message.string, list | tuple) else (message.string,)
    if not all(forms):
        yield f"not translated: {message.id!r}"
    elif message.fuzzy:
        yield f"fuzzy: {message.id!r}"
    else:
        yield from (f"{error}: {message.id!r}" for error in message.check(catalog))


def bring_up_to_date() -> list[str]:
    """Extract all texts, update and compile every catalogue. Returns their faults."""
    template = extracted()
    _write(TEMPLATE, template)
    found = []
    for language in languages():
        catalog = read(po_of(language), language)
        catalog.update(template, no_fuzzy_matching=True, keep_user_comments=True)
        catalog.obsolete.clear()  # git has them
        _write(po_of(language), catalog)
        po_of(language).with_suffix(".mo").write_bytes(compiled(catalog))
        found += [f"{language}: {fault}" for fault in faults(catalog)]
    return found


def _write(file: Path, catalog: Catalog) -> None:
    catalog.creation_date = catalog.revision_date = NO_DATE
    made = BytesIO()
    write_po(made, catalog, width=110, include_lineno=False)
    lines = made.getvalue().decode().splitlines(keepends=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(line for line in lines if not line.startswith(LEFT_OUT)))


if __name__ == "__main__":
    sys.exit("\n".join(bring_up_to_date()) or 0)
