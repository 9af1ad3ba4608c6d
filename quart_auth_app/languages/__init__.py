"""The languages that people read: English, which stands in the code, and others from catalogues of gettext."""

from quart_auth_app.languages.catalogues import Languages, NoCatalogue
from quart_auth_app.languages.language import ENGLISH, Language, Plural, filled

__all__ = ["ENGLISH", "Language", "Languages", "NoCatalogue", "Plural", "filled"]
