"""Templates written for the tutorial's application mean the same here."""

import re
from pathlib import Path

import pytest
from jinja2 import DictLoader, Template
from quart import Quart, render_template
from quart.signals import template_rendered

from quart_auth_app.web.identity.current_user import current_user
from tests.people import BOB, Client, text

# In the tutorial's manner: plain url_for of each endpoint, current_user without a call, the first flashed message.
TUTORIAL = {
    "base.html": """
        <a href="{{ url_for('main.index') }}">Home</a>
        {% if current_user.is_authenticated %}
        <a href="{{ url_for('main.profile') }}">Profile</a> <a href="{{ url_for('auth.logout') }}">Logout</a>
        {% endif %}
        {% if not current_user.is_authenticated %}
        <a href="{{ url_for('auth.login') }}">Login</a> <a href="{{ url_for('auth.signup') }}">Sign Up</a>
        {% endif %}
        {% block content %}{% endblock %}""",
    "login.html": """{% extends "base.html" %}{% block content %}
        {% with messages = get_flashed_messages() %}{% if messages %}
        <div class="notification is-danger">{{ messages[0] }}</div>
        {% endif %}{% endwith %}
        <form method="POST" action="/login"><input name="email"><input name="password"></form>{% endblock %}""",
    "signup.html": """{% extends "base.html" %}{% block content %}
        {% with messages = get_flashed_messages() %}{% if messages %}
        <div class="notification is-danger">{{ messages[0] }}. Go to
        <a href="{{ url_for('auth.login') }}">login page</a>.</div>{% endif %}{% endwith %}{% endblock %}""",
    "profile.html": """{% extends "base.html" %}{% block content %}Welcome, {{ name }}!{% endblock %}""",
    "index.html": """{% extends "base.html" %}{% block content %}A title{% endblock %}""",
}


@pytest.fixture
def tutorial(app: Quart) -> Client:
    """A browser at a site that uses the tutorial's kind of templates."""
    app.jinja_env.loader = DictLoader(TUTORIAL)
    return app.test_client()


async def test_the_tutorials_templates_render_unchanged(tutorial: Client, bob: dict[str, str]) -> None:
    assert await text(await tutorial.get("/")) == "Home Login Sign Up A title"
    await tutorial.post("/login", form=bob | {"password": "wrong"})
    assert "Please check your login details and try again." in await text(await tutorial.get("/login"))
    await tutorial.post("/signup", form=bob | {"name": "Bob"})
    assert "Email address already exists. Go to login page" in await text(await tutorial.get("/signup"))
    await tutorial.post("/login", form=bob)
    assert await text(await tutorial.get("/profile")) == "Home Profile Logout Welcome, Bob!"


@pytest.mark.parametrize("wrong", [{"password": "xK9$qL2v"}, {"password": "qwertyuiop"}, {"email": "x"}, {"name": ""}])
async def test_the_tutorials_sign_up_page_reads_well_with_every_refusal(
    tutorial: Client, wrong: dict[str, str]
) -> None:
    await tutorial.post("/signup", form=BOB | wrong)
    page = await text(await tutorial.get("/signup"))
    assert ". Go to login page" in page
    assert ".." not in page
    assert ". ." not in page


async def test_an_asynchronous_function_in_a_template_is_awaited(app: Quart, client: Client) -> None:
    @app.template_global()
    async def unread() -> int:
        return 3

    letters = "{% block content %}{% if unread() %}{{ unread() }} letters{% endif %}{% endblock %}"
    app.jinja_env.loader = DictLoader(TUTORIAL | {"index.html": '{% extends "base.html" %}' + letters})
    for _ in range(2):
        assert await text(await client.get("/")) == "Home Login Sign Up 3 letters"


async def test_who_listens_for_rendered_templates_hears_of_ours(app: Quart, client: Client) -> None:
    heard = []

    def listener(_app: Quart, template: Template, **_: object) -> None:
        heard.append(template.name)

    with template_rendered.connected_to(listener, app):
        await client.get("/login")
    await client.get("/")
    assert heard == ["login.html"]


async def test_a_page_added_with_quarts_own_render_template_knows_the_user(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    @app.get("/mine")
    async def mine() -> str:
        return await render_template("profile.html", name="to my page")

    assert "Login" in await text(await client.get("/mine"))
    await client.post("/login", form=bob)
    page = await text(await client.get("/mine"))
    assert "Welcome, to my page!" in page
    assert "Login" not in page


@pytest.mark.asvs("1.2.3", "3.2.2", "3.6.1", "3.7.1", "14.2.3")
def test_no_template_fetches_anything_from_another_host_or_holds_a_script() -> None:
    for file in (Path(__file__).parents[2] / "templates").rglob("*.html"):
        source = file.read_text()
        assert "://" not in source, file
        assert "<script" not in source, file
        assert not re.search("<(applet|embed|object)", source), file
        assert "style=" not in source, file
        assert "|safe" not in source.replace(" ", ""), file


async def test_an_attribute_that_users_lack_is_told_from_one_that_nobody_has(app: Quart, bob: dict[str, str]) -> None:
    @app.get("/shoe-size")
    async def shoe_size() -> str:
        with pytest.raises(AttributeError) as missing:
            _ = current_user.shoe_size  # type: ignore[attr-defined]  # that's the point
        return str(missing.value)

    client = app.test_client()
    assert await text(await client.get("/shoe-size")) == "nobody is logged in, so there is no shoe_size"
    await client.post("/login", form=bob)
    assert await text(await client.get("/shoe-size")) == "shoe_size"


async def test_what_a_site_gives_one_template_reaches_no_other(app: Quart) -> None:
    app.jinja_env.loader = DictLoader({"one": "{{ colour | default('') }}", "other": "{{ colour | default('') }}"})
    async with app.test_request_context("/"):
        assert await app.jinja_env.get_template("one").render_async() == ""
        own = app.jinja_env.get_template("one", globals={"colour": "red"})
        selected = app.jinja_env.select_template(["none", "one"], globals={"colour": "blue"})
        assert own is selected
        assert await own.render_async() == "blue"
        assert await app.jinja_env.get_template("other").render_async() == ""
        own.globals["colour"] = "green"
        assert "colour" not in app.jinja_env.globals


async def test_a_variable_for_all_templates_reaches_those_that_are_loaded(app: Quart) -> None:
    app.jinja_env.loader = DictLoader(
        {"one": "{{ colour | default('') }}", "other": "{% from 'one' import no %}{{ colour | default('') }}"}
    )
    async with app.test_request_context("/"):
        for colour in ("", "red"):
            if colour:
                app.jinja_env.globals["colour"] = colour
            assert await app.jinja_env.get_template("one").render_async() == colour
            assert await app.jinja_env.get_template("other").render_async() == colour
