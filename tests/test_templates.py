"""Templates written for the tutorial's application mean the same here."""

from pathlib import Path

import pytest
from jinja2 import DictLoader
from quart import Quart

from tests.people import Client, text

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


@pytest.mark.asvs("1.2.3", "3.2.2", "3.6.1", "14.2.3")
def test_no_template_fetches_anything_from_another_host_or_holds_a_script() -> None:
    for file in (Path(__file__).parent.parent / "templates").iterdir():
        source = file.read_text()
        assert "://" not in source, file
        assert "<script" not in source, file
        assert "style=" not in source, file
        assert "|safe" not in source.replace(" ", ""), file
