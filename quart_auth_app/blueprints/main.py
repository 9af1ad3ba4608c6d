"""The home page, the profile, and the choice of a language."""

from quart import Blueprint, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app.accounts import profile as accounts
from quart_auth_app.web import language as web_language
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.identity.current_user import current_found, current_user
from quart_auth_app.web.services import transaction

main = Blueprint("main", __name__)

LANGUAGE = Form("main.index", "language")


@main.get("/")
async def index() -> str:
    """Show the home page."""
    return await render_template("index.html")


@main.get("/profile")
@login_required
async def profile() -> str:
    """Greet the user by name."""
    return await render_template("profile.html", name=current_user.name)


@main.post("/language")
@LANGUAGE.handles
async def language() -> ResponseReturnValue:
    """Store the chosen language in this browser and the account; "" means the language that the browser asks for."""
    code = web_language.chosen((await LANGUAGE.read())["language"])
    if await current_user.is_authenticated:
        async with transaction() as db:
            await accounts.change_language(db, found=current_found(), language=code)
    web_language.keep(code)
    return redirect(await next_page.wanted() or next_page.came_from() or url_for("main.index"))
