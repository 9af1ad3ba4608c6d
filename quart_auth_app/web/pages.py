"""What every template may know of the site."""

from typing import Any

from quart import Quart

from quart_auth_app.settings import Settings


def init_app(app: Quart, settings: Settings) -> None:
    """Let templates know `site_name`, and whether strangers may sign up and mail is sent."""
    known = {
        "site_name": settings.site_name,
        "sign_up_open": settings.sign_up_open,
        "mail_is_on": settings.mail_url is not None,
    }

    @app.context_processor
    async def about_the_site() -> dict[str, Any]:
        return known
