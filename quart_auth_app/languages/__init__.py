"""The languages of pages and mails: English, which is in the code, and others from gettext catalogues."""

from quart_auth_app.languages.catalogues import Languages, NoCatalogue
from quart_auth_app.languages.language import ENGLISH, Language, Plural, filled

__all__ = ["ENGLISH", "Language", "Languages", "NoCatalogue", "Plural", "filled"]
