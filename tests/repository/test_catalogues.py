"""The catalogues are complete, and what the application reads is what they say."""

import ast
import gettext
import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from quart_auth_app.languages.catalogues import OURS
from tests import catalogues

LANGUAGES = catalogues.languages()
SHOP = Path(__file__).parents[2] / "examples" / "shop" / "shop" / "locales"
COMPILED = sorted([*OURS.rglob("*.mo"), *SHOP.rglob("*.mo")])


def texts(catalog: Catalog) -> set[object]:
    """Return the names of all texts, with their contexts."""
    return {(message.id, message.context) for message in catalog if message.id}


def test_the_template_has_every_text_that_there_is_and_no_other() -> None:
    """Otherwise: make catalogues."""
    assert texts(catalogues.read(catalogues.TEMPLATE)) == texts(catalogues.extracted())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_with_the_same_placeholders(language: str) -> None:
    """Nothing untranslated, fuzzy or obsolete. Otherwise: make catalogues, which prints what is missing."""
    catalog = catalogues.read(catalogues.po_of(language), language)
    assert texts(catalog) == texts(catalogues.extracted())
    assert catalogues.faults(catalog) == []


def strings(given: str | list[str] | tuple[str, ...] | None) -> list[str]:
    """Return the forms of a text: one, or those of a plural."""
    return [given] if isinstance(given, str) else [*(given or ())]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_markup_and_the_line_breaks_of_its_text(language: str) -> None:
    tags = re.compile(r"<[^>]*>")
    for message in catalogues.read(catalogues.po_of(language), language):
        for form in strings(message.string) if message.id else []:
            assert sorted(tags.findall(form)) == sorted(tags.findall(strings(message.id)[-1])), form
            assert "\n" not in form
            assert form == form.strip(" "), form


def test_japanese_lines_do_not_break_between_a_number_and_its_counter() -> None:
    """Between them is a no-break space (U+00A0)."""
    breaking = re.compile(r"(\d|[})s]) [日文回件時間分秒つ個人桁台年]")
    for message in catalogues.read(catalogues.po_of("ja"), "ja"):
        for form in strings(message.string) if message.id else []:
            assert not breaking.search(form), form


@pytest.mark.parametrize("file", COMPILED, ids=lambda file: "/".join(file.parts[-5:-2]))
def test_what_is_compiled_is_what_the_catalogue_says(file: Path) -> None:
    with file.with_suffix(".po").open("rb") as opened:
        written = read_po(opened, locale=file.parts[-3])
    found = gettext.GNUTranslations(BytesIO(file.read_bytes()))
    expected = gettext.GNUTranslations(BytesIO(catalogues.compiled(written)))
    for message in written:
        one, *other = strings(message.id)
        for number in range(110) if other else []:
            assert found.ngettext(one, other[0], number) == expected.ngettext(one, other[0], number)
        if one and not other:
            said = found.pgettext(message.context, one) if message.context else found.gettext(one)
            assert said == message.string


def test_there_is_a_catalogue_for_each_language_that_is_promised() -> None:
    assert LANGUAGES == ["es", "ja"]


def said_in(language: str) -> list[str]:
    """Return all that is said in a language."""
    catalog = catalogues.read(catalogues.po_of(language), language)
    return [form for message in catalog if message.id for form in strings(message.string)]


def test_japanese_is_polite_and_typeset_as_japanese() -> None:
    for text in said_in("ja"):
        assert not re.search(r"[ぁ-ヿ一-鿿][,.!?]", text), text
        assert not re.search(r"(?<!で)(だ|である)。", text), text


def test_spanish_says_usted() -> None:
    familiar = re.compile(
        r"\b(tú|tu|tus|contigo|vos|vosotros|vuestr[oa]s?|puedes|tienes|quieres|(?<!se )elige|escribe|haz)\b", re.I
    )
    for text in said_in("es"):
        assert not familiar.search(text), text
        assert text.count("¿") == text.count("?"), text
        assert text.count("¡") == text.count("!"), text


def test_a_text_that_is_made_while_it_runs_is_found() -> None:
    """An f-string is another text each time, so no catalogue could have it."""
    with pytest.raises(SystemExit, match="f-string"):
        list(catalogues._of_call(ast.parse("translated(f'Welcome, {name}!')").body[0].value, "x.py"))  # type: ignore[attr-defined]  # it is an expression
