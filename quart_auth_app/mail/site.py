"""What letters say about the site, and about when and where something happened."""

from dataclasses import dataclass

from quart_auth_app.accounts import browsers
from quart_auth_app.languages import ENGLISH, Language
from quart_auth_app.mail.letters import Link
from quart_auth_app.models import Mail


@dataclass(frozen=True)
class Site:
    """What letters say about the site."""

    name: str
    base_url: str
    """PUBLIC_URL; links are never built from a request, where a client could choose the host."""
    sign_up_open: bool = True
    """Whether everybody may sign up."""
    language: Language = ENGLISH
    """The recipient's language."""

    def link(self, path: str, token: str = "") -> Link:
        """Return a link. The token is the whole query string, as quoted-printable would turn `=` into `=3D`."""
        return Link(f"{self.base_url}{path}?{token}" if token else f"{self.base_url}{path}")

    def subject(self, text: str) -> str:
        """Return the subject with the site's name, in the recipient's language."""
        return f"{self.name}: {self.language.translated(text)}"

    def when_and_where(self, mail: Mail) -> str:
        """Return when it happened, and from which browser or by the operator."""
        when = self.language.date_and_time(mail.created_at)
        if not mail.params.get("browser"):
            return self.language.translated("{when}, by the operator of the site", when=when)
        browser, address = browsers.translated(mail.params["browser"], self.language), mail.params["address"]
        return self.language.translated(
            "{when}, from {browser} at {address}", when=when, browser=browser, address=address
        )
