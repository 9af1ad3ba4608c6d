"""Who asks for JSON gets errors in JSON (RFC 9457), and never a redirect to a page."""

import pytest
from quart import Quart, abort, request
from quart.typing import ResponseReturnValue
from quart_auth import login_required
from werkzeug.exceptions import ServiceUnavailable

from quart_auth_app.web.problems import problem_fields, title_of
from quart_auth_app.web.sentences.outcomes import PLEASE_LOG_IN
from quart_auth_app.web.sentences.refusals import BUSY
from tests.conftest import MakeApp
from tests.people import BOB, WRONG_DETAILS, Client, Events, send, text
from tests.people import PLEASE_LOG_IN as SAID

AXIOS = "application/json, text/plain, */*"
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def add_routes(app: Quart) -> None:
    """Give the site a page that needs a log-in, one that refuses, and one that has a bug."""

    @app.get("/api/me")
    @login_required
    async def me() -> ResponseReturnValue:
        return {"name": "Bob"}

    @app.get("/api/sold-out")
    async def sold_out() -> ResponseReturnValue:
        abort(404, "That dish is sold out.")

    @app.get("/api/staff")
    async def staff() -> ResponseReturnValue:
        abort(403)

    @app.post("/api/orders")
    async def order() -> ResponseReturnValue:
        return {"ordered": (await request.get_json())["dish"]}

    @app.get("/api/bug")
    async def bug() -> str:
        raise ZeroDivisionError("the inside")

    @app.get("/api/closed")
    async def closed() -> ResponseReturnValue:
        raise ServiceUnavailable(retry_after=60)

    @app.get("/api/fails/<int:status>")
    async def fail(status: int) -> ResponseReturnValue:
        abort(status)


@pytest.fixture(autouse=True)
def _routes(app: Quart) -> None:
    add_routes(app)


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json", AXIOS, "text/html;q=0.5, */json"])
async def test_a_stranger_who_asks_for_json_gets_401_in_json(client: Client, events: Events, accept: str) -> None:
    response = await client.get("/api/me", headers={"Accept": accept})
    if accept.endswith("*/json"):  # no media type at all: HTML is what is left
        assert response.status_code == 302
        return
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert await response.get_json() == {
        "title": "Unauthorized", "status": 401, "detail": SAID, "code": "Unauthorized"
    }  # fmt: skip
    assert "Location" not in response.headers
    assert "Set-Cookie" not in response.headers, "no message waits for a page that nobody opens"
    assert events.names == ["log_in_required"]


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": CHROME}, {"Accept": "%%"}, {"Accept": ""}])
async def test_everybody_else_is_sent_to_the_log_in_page(client: Client, headers: dict[str, str]) -> None:
    response = await client.get("/api/me", headers=headers)
    assert response.headers["Location"] == "/login?next=/api/me"
    assert PLEASE_LOG_IN in await text(await client.get("/login"))


@pytest.mark.parametrize("paths", ["/api/", ["/v2/", "/api/"]])
async def test_the_site_can_say_which_paths_always_speak_json(make_app: MakeApp, paths: object) -> None:
    app = make_app(JSON_PATHS=paths)
    add_routes(app)
    client = app.test_client()
    assert (await client.get("/api/me")).status_code == 401
    response = await client.get("/api/nowhere", headers={"Accept": CHROME})
    assert (response.status_code, response.content_type) == (404, "application/problem+json")
    assert (await client.get("/profile")).status_code == 302


@pytest.mark.parametrize(
    ("method", "path", "status", "title", "code"),
    [
        ("GET", "/nowhere", 404, "Not Found", "NotFound"),
        ("DELETE", "/api/me", 405, "Method Not Allowed", "MethodNotAllowed"),
        ("POST", "/login", 413, "Content Too Large", "RequestEntityTooLarge"),
        ("GET", "/api/bug", 500, "Internal Server Error", "InternalServerError"),
        ("GET", "/api/staff", 403, "Forbidden", "Forbidden"),
    ],
)
async def test_every_error_is_a_problem_with_a_code(
    client: Client, method: str, path: str, status: int, title: str, code: str
) -> None:
    response = await send(client, method, path, form={"email": "x" * 70_000} if status == 413 else {}, headers=ASKS)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    said = await response.get_json()
    assert (said["status"], said["code"], said["title"]) == (status, code, title)
    assert "the inside" not in str(said)
    assert ("Allow" in response.headers) == (status == 405)


ASKS = {"Accept": "application/json"}


async def test_what_the_site_says_about_its_error_is_what_is_read(client: Client) -> None:
    assert (await (await client.get("/api/sold-out", headers=ASKS)).get_json())["detail"] == "That dish is sold out."
    assert "Not Found That dish is sold out." in await text(await client.get("/api/sold-out"))
    assert "There is no page at this address." in await text(await client.get("/nowhere"))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "could not be read"),
        (403, "not for you"),
        (404, "no page at this address"),
        (405, "can't be used in that way"),
        (408, "took too long"),
        (413, "more than this page takes"),
        (415, "takes forms"),
        (500, "on our side"),
        (503, BUSY),
    ],
)
async def test_each_error_is_told_in_our_own_words(client: Client, status: int, words: str) -> None:
    response = await client.get(f"/api/fails/{status}", headers=ASKS)
    assert (response.status_code, words in (await response.get_json())["detail"]) == (status, True)
    assert "WWW-Authenticate" not in response.headers


def test_what_is_for_the_log_only_is_not_told() -> None:
    values = {"retry_after": 7, "reason": "user handle", "role": object()}
    assert problem_fields(429, "", code="TooManyAttempts", values=values)["values"] == {"retry_after": 7}


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (415, "Unsupported Media Type"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
    ],
)
def test_a_title_is_the_name_in_rfc_9110(status: int, title: str) -> None:
    assert title_of(status) == title


async def test_a_site_that_closes_for_a_while_has_not_failed(client: Client, events: Events) -> None:
    response = await client.get("/api/closed")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert events.names == []
    assert (await client.get("/api/bug")).status_code == 500
    assert events.names == ["error"]


async def test_json_that_is_none_is_a_problem_too(client: Client) -> None:
    headers = ASKS | {"Content-Type": "application/json"}
    assert (await client.post("/api/orders", data="{", headers=headers)).status_code == 400
    response = await client.post("/api/orders", json={"dish": "soup"}, headers=ASKS)
    assert await response.get_json() == {"ordered": "soup"}


async def test_a_form_that_is_refused_says_the_field_and_the_code(client: Client, bob: dict[str, str]) -> None:
    response = await client.post("/login", form=bob | {"password": "wrong"}, headers=ASKS)
    assert response.status_code == 401
    assert await response.get_json() == {
        "title": "Unauthorized", "status": 401, "detail": WRONG_DETAILS, "code": "WrongDetails"
    }  # fmt: skip
    response = await client.post("/signup", form=BOB, headers=ASKS)
    assert response.status_code == 409
    assert {"code": "EmailTaken", "field": "email"}.items() <= (await response.get_json()).items()


async def test_too_many_attempts_say_when_to_come_back(client: Client, bob: dict[str, str]) -> None:
    for _ in range(20):
        response = await client.post("/login", form=bob | {"password": "wrong"}, headers=ASKS)
    assert response.status_code == 429
    assert (await response.get_json())["code"] == "TooManyAttempts"
    assert int(response.headers["Retry-After"]) > 0


async def test_another_site_is_refused_in_json_too(client: Client) -> None:
    response = await client.post("/api/orders", json={}, headers=ASKS | {"Origin": "https://evil.example"})
    assert (response.status_code, (await response.get_json())["code"]) == (403, "Forbidden")
