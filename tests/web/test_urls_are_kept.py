"""URLs without values are built once; what may decide them must still do so."""

from typing import Any

import pytest
from quart import Quart, render_template_string
from werkzeug.routing import BuildError

from tests.people import Client


@pytest.fixture
def shop(app: Quart) -> Quart:
    @app.get("/shelf")
    async def shelf() -> str:
        return await render_template_string("{{ url_for('shelf') }} {{ url_for('main.index') }}")

    return app


async def shown(client: Client, path: str = "/shelf", **options: Any) -> str:
    return (await (await client.get(path, **options)).get_data(as_text=True)).strip()


async def test_a_prefix_that_a_proxy_removed_stays_with_its_requests(shop: Quart, client: Client) -> None:
    assert await shown(client) == "/shelf /"
    assert await shown(client, "/app/shelf", root_path="/app") == "/app/shelf /app/"
    assert await shown(client) == "/shelf /"


async def test_a_sites_own_defaults_are_asked_each_time(shop: Quart, client: Client) -> None:
    number = 0

    @shop.url_defaults
    def count(_endpoint: str, values: dict[str, Any]) -> None:
        nonlocal number
        number += 1
        values["visit"] = number

    assert [await shown(client) for _ in range(2)] == ["/shelf?visit=1 /?visit=2", "/shelf?visit=3 /?visit=4"]


async def test_a_sites_own_answer_to_a_missing_route_is_asked_each_time(shop: Quart, client: Client) -> None:
    asked: list[str] = []

    def answer(_error: Exception, endpoint: str, _values: dict[str, Any]) -> str:
        asked.append(endpoint)
        return f"/missing/{len(asked)}"

    shop.url_build_error_handlers.append(answer)

    @shop.get("/aisle")
    async def aisle() -> str:
        return await render_template_string("{{ url_for('nowhere') }}")

    assert [await shown(client, "/aisle") for _ in range(2)] == ["/missing/1", "/missing/2"]


async def test_an_endpoint_of_the_same_blueprint_is_the_pages_own(app: Quart) -> None:
    for path, found in (("/login", "/cookies"), ("/account/activity", None)):
        async with app.test_request_context(path):
            if found:
                assert app.url_for(".cookies") == found
            else:
                with pytest.raises(BuildError):
                    app.url_for(".cookies")


async def test_a_changed_file_has_another_url(app: Quart, client: Client, tmp_path: Any) -> None:
    app.static_folder = str(tmp_path)
    file = tmp_path / "shelf.css"
    urls = []
    for text in ("a {}", "a { color: red }"):
        file.write_text(text)
        file.touch()
        async with app.test_request_context("/"):
            urls.append(app.url_for("static", filename="shelf.css"))
            assert app.url_for("static", filename="shelf.css") == urls[-1]
            assert app.url_for("static", filename="missing.css") == "/static/missing.css"
            assert app.url_for("static", filename="shelf.css", _anchor="a") == f"{urls[-1]}#a"
    assert urls[0] != urls[1]


async def test_a_route_of_another_host_follows_the_host(app: Quart) -> None:
    app.config["SERVER_NAME"] = "example.com"
    app.subdomain_matching = True

    @app.get("/", subdomain="shop")
    async def shop_front() -> str:
        return ""

    for host in ("example.com", "example.com:81"):
        app.config["SERVER_NAME"] = host
        async with app.test_request_context("/", headers={"Host": host}):
            assert app.url_for("shop_front") == f"http://shop.{host}/"
