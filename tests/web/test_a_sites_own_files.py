"""A site on `create_app(import_name=…)`: its templates, static files and routes win over ours, file by file."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from quart import Blueprint, Quart, render_template

from quart_auth_app import create_app
from tests.databases import SECRET_KEY
from tests.people import Client, text

FILES = {
    "templates/base.html": "<nav>The shop</nav>{% block content %}{% endblock %}",
    "templates/index.html": """{% extends "quart_auth_app/index.html" %}
        {% block content %}Goods. {{ super() }}{% endblock %}""",
    "static/style.css": "body { color: teal }",
    "static/goods.css": "table { width: 100% }",
    "parts/templates/error.html": '{% extends "base.html" %}{% block content %}Sold out: {{ sentence }}{% endblock %}',
    "__init__.py": "",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Quart]:
    """An application of the site's own, in a package of its own."""
    for name, content in FILES.items():
        file = tmp_path / "shop_of_the_test" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    importlib.import_module("shop_of_the_test")
    yield create_app({"DATABASE_URL": "sqlite://", "SECRET_KEY": SECRET_KEY}, import_name="shop_of_the_test")
    del sys.modules["shop_of_the_test"]


@pytest.fixture
def browser(shop: Quart) -> Client:
    """A browser at the shop."""
    return shop.test_client()


async def test_the_sites_base_html_is_around_our_pages_too(browser: Client) -> None:
    page = await text(await browser.get("/login"))
    assert page.startswith("The shop Login")
    assert "Sign Up" not in page


async def test_a_template_of_ours_that_is_replaced_can_still_be_extended(browser: Client) -> None:
    assert (await text(await browser.get("/"))).startswith(
        "The shop Goods. Quart Login Example Easy authentication and authorization in Quart."
    )


async def test_a_blueprints_error_page_wins_too(shop: Quart, browser: Client, tmp_path: Path) -> None:
    folder = tmp_path / "shop_of_the_test" / "parts" / "templates"
    shop.register_blueprint(Blueprint("parts", "shop_of_the_test", template_folder=str(folder)))
    assert await text(await browser.get("/nowhere")) == "The shop Sold out: There is no page at this address."


async def test_a_sites_error_page_can_tell_one_status_from_another(
    shop: Quart, browser: Client, tmp_path: Path
) -> None:
    folder = tmp_path / "shop_of_the_test" / "templates"
    (folder / "error.html").write_text(
        "{% if status == 404 %}No soup here{% else %}{{ status }} {{ title }}{% endif %}"
    )
    assert await text(await browser.get("/nowhere")) == "No soup here"
    assert await text(await browser.put("/login")) == "405 Method Not Allowed"


async def test_a_blueprints_templates_win_without_an_import_name(app: Quart, client: Client, tmp_path: Path) -> None:
    (tmp_path / "error.html").write_text("Nothing here.")
    app.register_blueprint(Blueprint("mine", __name__, template_folder=str(tmp_path)))
    assert await text(await client.get("/nowhere")) == "Nothing here."


async def test_static_files_of_the_site_win_and_ours_fill_the_gaps(shop: Quart, browser: Client) -> None:
    for name, content in {"style.css": "teal", "goods.css": "100%", "icon.svg": "<svg"}.items():
        response = await browser.get(f"/static/{name}")
        assert content in await response.get_data(as_text=True), name
    async with shop.test_request_context("/"):
        url = shop.url_for("static", filename="style.css")
    response = await browser.get(url)
    assert "teal" in await response.get_data(as_text=True)
    assert "immutable" in response.headers["Cache-Control"]
    assert (await browser.get("/static/..%2F__init__.py")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/profile"])
async def test_a_route_of_the_site_wins_over_ours_for_the_same_path(app: Quart, client: Client, path: str) -> None:
    @app.get(path)
    async def mine() -> str:
        return await render_template("index.html") + "Mine."

    assert "Mine." in await text(await client.get(path))
    assert (await client.head(path)).status_code == 200
    assert (await client.put(path)).status_code == 405
    async with app.test_request_context("/"):
        assert app.url_for("mine") == path == app.url_for({"/": "main.index", "/profile": "main.profile"}[path])


async def test_a_route_in_a_blueprint_wins_too_and_only_for_its_methods(app: Quart, client: Client) -> None:
    mine = Blueprint("mine", __name__)

    @mine.post("/")
    async def order() -> str:
        return "Ordered."

    app.register_blueprint(mine)
    assert await text(await client.post("/")) == "Ordered."
    assert "Quart Login Example" in await text(await client.get("/"))
    options = await client.options("/")
    assert {"GET", "POST"} <= set(options.headers["Allow"].split(", "))


async def test_the_sites_own_routes_dont_take_each_others_place(app: Quart, client: Client) -> None:
    @app.get("/goods")
    async def first() -> str:
        return "First."

    @app.get("/goods", endpoint="second")
    async def second() -> str:
        return "Second."

    assert await text(await client.get("/goods")) == "First."


def test_the_sites_log_lines_go_where_ours_go() -> None:
    code = """
from quart_auth_app import create_app
create_app({"DATABASE_URL": "sqlite://"}, import_name="email").logger.error("sold out")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["message"] == "sold out"
    assert run.stderr == ""


async def test_a_sites_base_html_adds_to_ours_by_its_blocks(shop: Quart, browser: Client, tmp_path: Path) -> None:
    (tmp_path / "shop_of_the_test" / "templates" / "base.html").write_text("""
        {% extends "quart_auth_app/base.html" %}
        {% block title %}The Shop{% endblock %}
        {% block head %}<link rel="stylesheet" href="/static/goods.css">{% endblock %}
        {% block navigation %}<a class="navbar-item" href="/goods">Goods</a>{% endblock %}""")
    source = await (await browser.get("/login")).get_data(as_text=True)
    assert "<title>Login · The Shop</title>" in source
    assert source.index("goods.css") < source.index("</head>")
    assert (await text(await browser.get("/login"))).startswith("Quart Auth App Home Goods Login Sign Up Login ")
