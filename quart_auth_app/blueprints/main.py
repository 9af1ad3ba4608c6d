"""The home page and the profile."""

from quart import Blueprint, render_template
from quart_auth import login_required

from quart_auth_app.web.identity.current_user import current_user

main = Blueprint("main", __name__)


@main.get("/")
async def index() -> str:
    """Show the home page."""
    return await render_template("index.html")


@main.get("/profile")
@login_required
async def profile() -> str:
    """Greet the user by name."""
    return await render_template("profile.html", name=current_user.name)
