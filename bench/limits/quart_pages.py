"""The least that the tutorial's pages can cost on Quart: its templates, nobody logged in, no hooks, no access log."""

from types import SimpleNamespace
from typing import Any

from quart import Quart, render_template

app = Quart(__name__, template_folder="../peers/tutorial_templates")

app.secret_key = "only for measuring, on loopback, for as long as a run takes"
NOBODY = SimpleNamespace(is_authenticated=False)


@app.context_processor
async def user() -> dict[str, Any]:
    """Give the templates the variable that Flask-Login would; async, as Quart runs others in a thread."""
    return {"current_user": NOBODY}


# No blueprints: each would add a synchronous processor, which costs a page a third.
@app.get("/", endpoint="main.index")
async def index() -> str:
    """Show the home page."""
    return await render_template("index.html")


@app.get("/login", endpoint="auth.login")
async def login() -> str:
    """Show the form."""
    return await render_template("login.html")


@app.get("/signup", endpoint="auth.signup")
async def signup() -> str:
    """Show the other form, to which the pages link."""
    return await render_template("signup.html")
