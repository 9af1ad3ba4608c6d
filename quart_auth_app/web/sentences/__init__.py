"""The sentences that people read. Each is in English here, and translated when it is shown."""

from collections.abc import Mapping
from typing import TypeVar

from quart_auth_app import languages
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.web.language import translated
from quart_auth_app.web.sentences.field_notes import FIELD_NOTES
from quart_auth_app.web.sentences.refusals import SENTENCES

Text = TypeVar("Text")


def sentence(error: AccountError) -> str:
    """Return the sentence for the error, translated; that of its parent class if it has none of its own."""
    template = _for(error, SENTENCES)
    return template(**error.values) if callable(template) else translated(template, **error.values)


def field_note(error: AccountError) -> str:
    """Return the note beside the refused field, translated."""
    return translated(_for(error, FIELD_NOTES))


def _for(error: AccountError, texts: Mapping[str, Text]) -> Text:
    return next(texts[each.__name__] for each in type(error).__mro__ if each.__name__ in texts)


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return the sentence in the reader's language, with each `{name}` replaced by its value."""
    return languages.filled(translated(template), values)
