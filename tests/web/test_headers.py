"""Every response carries the headers that tell browsers and proxies to be careful."""

import os
import re
from pathlib import Path

import pytest
from quart import Quart, Response, request

from quart_auth_app.web import refusals
from quart_auth_app.web.identity.current_user import CurrentUser
from quart_auth_app.web.own_files import PACKAGE
from tests.conftest import MakeApp
from tests.people import BOB, Client, send

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


async def every_kind_of_response(app: Quart) -> dict[str, Response]:
    """Return a response of every kind there is, by what it is."""

    @app.get("/bug")
    async def bug() -> str:
        raise ZeroDivisionError

    client = app.test_client()
    stylesheet = re.search(r'href="(/static/[^"]+\.css)"', await (await client.get("/")).get_data(as_text=True))
    assert stylesheet
    responses = {
        "page": await client.get("/"),
        "static": await client.get(stylesheet[1]),
        "static, plain name": await client.get("/static/style.css"),
        "no static": await client.get("/static/nothing.css"),
        "not found": await client.get("/nowhere"),
        "method": await client.put("/"),
        "options": await client.options("/login"),
        "head": await client.head("/login"),
        "bug": await client.get("/bug"),
        "bad form": await client.post(
            "/login", data="%ff", headers={"Content-Type": "application/x-www-form-urlencoded"}
        ),
        "too large": await client.post("/login", form={"email": "x" * 70_000}),
        "cross-site": await client.post("/login", headers={"Sec-Fetch-Site": "cross-site"}),
        "protected": await client.get("/profile"),
        "spelling": await client.get("/sign-up"),
        "sign-up page": await client.get("/signup"),
        "sign-up": await client.post("/signup", form=BOB),
        "refused": await client.post("/login", form=BOB | {"password": "x"}),
        "log-in": await client.post("/login", form=BOB),
        "profile": await client.get("/profile"),
        "log-out": await client.post("/logout"),
    }
    for number in range(6):
        responses["throttled"] = await client.post("/login", form={"email": "x", "password": str(number)})
    assert responses["throttled"].status_code == 429
    return responses


WITH_SCRIPTS = {"head", "sign-up page", "throttled"}
"""Pages with a password field, which a script of ours lets people look at."""


@pytest.fixture
async def responses(make_app: MakeApp) -> dict[str, Response]:
    """A response of every kind, of a site on https."""
    return await every_kind_of_response(make_app(PUBLIC_URL="https://site.example"))


@pytest.mark.asvs("3.2.1", "3.4.1", "3.4.3", "3.4.4", "3.4.5", "3.4.6", "3.4.8", "3.5.8")
async def test_every_response_has_every_header_once(responses: dict[str, Response]) -> None:
    for kind, response in responses.items():
        policy = POLICY + "; script-src 'self'" * (kind in WITH_SCRIPTS)
        for name, value in (EXPECTED | {"Content-Security-Policy": policy}).items():
            assert response.headers.getlist(name) == [value], (kind, name)
        assert response.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains", kind
        assert "geolocation=()" in response.headers["Permissions-Policy"], kind


@pytest.mark.asvs("3.4.2", "13.4.6")
async def test_no_response_says_what_made_it_or_lets_another_origin_read_it(responses: dict[str, Response]) -> None:
    for kind, response in responses.items():
        for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin"):
            assert name not in response.headers, kind


@pytest.mark.asvs("3.2.1", "4.1.1")
async def test_every_body_says_its_type_and_how_it_is_encoded(responses: dict[str, Response]) -> None:
    for kind, response in responses.items():
        expected = "text/css; charset=utf-8" if kind in {"static", "static, plain name"} else "text/html; charset=utf-8"
        assert response.headers["Content-Type"] == expected, kind


@pytest.mark.asvs("14.2.2", "14.3.2")
async def test_pages_are_never_kept_and_static_files_for_a_year(responses: dict[str, Response]) -> None:
    for kind, response in responses.items():
        control = response.headers["Cache-Control"]
        if kind == "static":
            assert control == "public, max-age=31536000, immutable"
        elif kind == "static, plain name":
            assert control == "no-cache"
        else:
            assert control == "no-store", kind
            assert "Cookie" in response.headers["Vary"], kind


@pytest.mark.asvs("14.2.2", "14.2.5")
async def test_a_static_file_is_the_same_for_everybody(responses: dict[str, Response]) -> None:
    for kind in ("static", "static, plain name"):
        assert "Set-Cookie" not in responses[kind].headers
        assert "Cookie" not in responses[kind].headers.get("Vary", "")


@pytest.mark.asvs("14.3.1")
async def test_log_out_clears_what_the_browser_kept(responses: dict[str, Response]) -> None:
    assert responses["log-out"].headers["Clear-Site-Data"] == '"storage"'


async def test_every_response_has_a_request_id_of_its_own(responses: dict[str, Response]) -> None:
    ids = [response.headers["X-Request-ID"] for response in responses.values()]
    assert len(set(ids)) == len(ids)


async def test_on_http_there_is_no_promise_of_https(client: Client) -> None:
    assert "Strict-Transport-Security" not in (await client.get("/")).headers


@pytest.mark.asvs("16.5.1", "16.5.4")
async def test_an_error_in_the_error_page_still_has_an_answer_and_the_headers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError("the inside")

    monkeypatch.setattr(refusals, "render_template", fail)
    response = await client.get("/nowhere")
    assert (response.status_code, await response.get_data()) == (500, b"Internal Server Error")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("16.5.3")
async def test_a_session_look_up_that_fails_leaves_nobody_logged_in(
    client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.post("/login", form=bob)

    async def fail(_token: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("quart_auth_app.web.identity.current_user._find_session", fail)
    response = await client.get("/profile")
    assert response.status_code == 500
    assert "Bob" not in await response.get_data(as_text=True)
    assert not hasattr(CurrentUser("x"), "name")


@pytest.mark.asvs("13.4.1", "13.4.3", "13.4.7", "14.2.5")
@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/..%2fsettings.py",
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/%00",
        "/static/style.css.map",
        "/.git/HEAD",
        "/instance/db.sqlite",
        "/profile/x.css",
        "//evil.example",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_nothing_else_is_served(client: Client, method: str, path: str) -> None:
    response = await send(client, method, path)
    assert response.status_code in {404, 308}
    assert "evil.example" not in response.headers.get("Location", "")


async def test_a_name_with_another_hash_is_served_but_not_kept(client: Client) -> None:
    """Right after an upgrade a browser may ask for the file that its old page named."""
    response = await client.get("/static/style.0123456789abcdef.css")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache"


async def test_a_changed_file_has_another_name_at_once(app: Quart, client: Client, tmp_path: Path) -> None:
    app.static_folder = str(tmp_path)
    names = []
    for second, content in enumerate("ab"):
        (tmp_path / "style.css").write_text(content)
        os.utime(tmp_path / "style.css", (second, second))  # the clock of files may stand still between two writes
        page = await (await client.get("/")).get_data(as_text=True)
        names += re.findall(r"/static/style\.\w+\.css", page)
        assert (await (await client.get(names[-1])).get_data()) == content.encode()
    assert len(set(names)) == 2


@pytest.mark.asvs("3.4.3")
@pytest.mark.parametrize(
    ("allowed", "found"),
    [
        ("style-src https://cdn.example.com", "style-src 'self' https://cdn.example.com;"),
        ("style-src https://*.example.com:8443/a@1/b.css;", "style-src 'self' https://*.example.com:8443/a@1/b.css;"),
        ("img-src data: 'self'", "img-src 'self' data:;"),
        ("style-src 'unsafe-inline'", "style-src 'self' 'unsafe-inline';"),
        ("Script-Src 'self' 'sha256-AbC+/=' ; connect-src wss://a.example", "; script-src 'self' 'sha256-AbC+/=';"),
    ],
)
async def test_a_site_widens_the_policy_by_what_it_names(make_app: MakeApp, allowed: str, found: str) -> None:
    client = make_app(CSP_ALLOW=allowed).test_client()
    for path in ("/", "/login", "/nowhere", "/static/style.css"):
        policy = (await client.get(path)).headers["Content-Security-Policy"]
        assert found in f"{policy};"
        assert policy.startswith("default-src 'none'; style-src 'self'")
        assert "base-uri 'none'; frame-ancestors 'none'" in policy
        assert policy.count("script-src") <= 1
        assert ("unsafe" in policy) == ("unsafe" in allowed)


async def test_a_page_with_a_script_keeps_what_the_site_allowed(make_app: MakeApp) -> None:
    client = make_app(CSP_ALLOW="script-src https://cdn.example.com").test_client()
    for path, sources in [("/", "https://cdn.example.com"), ("/login", "'self' https://cdn.example.com")]:
        assert f"script-src {sources}" in (await client.get(path)).headers["Content-Security-Policy"]


@pytest.mark.asvs("14.3.3")
@pytest.mark.parametrize("script", sorted((PACKAGE / "static").glob("*.js")), ids=lambda path: path.name)
def test_no_script_of_ours_keeps_anything_in_the_browser(script: Path) -> None:
    assert not re.search(
        r"localStorage|sessionStorage|indexedDB|caches|document\.cookie|cookieStore", script.read_text()
    )


ODD_DATES = [f"Thu, 01 Jan {'9' * 30} 00:00:00 GMT", f"Mon, 1 Jan 2024 00:00:00 +{'9' * 20}"]


@pytest.mark.parametrize("value", ODD_DATES)
async def test_a_date_that_no_calendar_has_is_ignored(client: Client, value: str) -> None:
    for headers in ({"If-Modified-Since": value}, {"If-Range": value, "Range": "bytes=0-9"}):
        assert (await client.get("/static/style.css", headers=headers)).status_code == 200


@pytest.mark.parametrize("value", ODD_DATES)
async def test_a_sites_own_route_may_read_a_date_that_no_calendar_has(app: Quart, value: str) -> None:
    @app.get("/dates")
    async def dates() -> list[object]:
        return [request.date, request.if_modified_since, request.if_unmodified_since]

    names = ("Date", "If-Modified-Since", "If-Unmodified-Since")
    response = await app.test_client().get("/dates", headers=dict.fromkeys(names, value))
    assert await response.get_json() == [None, None, None]
