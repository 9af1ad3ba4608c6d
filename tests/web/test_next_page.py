"""`next` leads to a path on this very site or is ignored."""

import pytest
from quart import Quart

from quart_auth_app.web.forms import next_page
from tests.people import Client

# From the advisories on open redirects of the last fifteen years.
HOSTILE = [
    "//e", "///e", "////e", "/\\e", "\\\\\\e", "\\/e", "/\\/e", "/\t/e", "/\n/e", "\t//e", " //e", "/\r\n/e",
    "https:e", "http:///e", "https://e", "HTTPS://e", "javascript:alert(1)", "data:text/html,x", "vbscript:x", "@e",
    "e", "e/..//e", "?next=//e", "#//e", ".", "..", "", "/\x00/e", "/\x7f", "/\u2028/e", "\u2215\u2215e", "/\uff0fe",
    "/a\r\nSet-Cookie: x=y", "/" + "a" * 2000, "/path\\..\\e", "/\u00e9",
]  # fmt: skip
FINE = [
    "/",
    "/profile",
    "/profile?x=1&y=%2F",
    "/%09/e",
    "/%5Ce",
    "/a//b",
    "/?u=https://e",
    "/:80",
    "/@e",
    "/%0d%0aX:y",
    "/help/logout",
]


@pytest.mark.asvs("1.2.1", "1.2.2", "1.5.3", "3.7.2")
@pytest.mark.parametrize("target", HOSTILE)
async def test_a_hostile_next_is_ignored(client: Client, bob: dict[str, str], target: str) -> None:
    response = await client.post("/login", form=bob | {"next": target})
    assert (response.status_code, response.headers["Location"]) == (302, "/profile")
    assert 'name="next"' not in await (await client.get("/login", query_string={"next": target})).get_data(as_text=True)


@pytest.mark.asvs("1.1.1")
@pytest.mark.parametrize("target", FINE)
async def test_a_path_on_this_site_is_followed_to_the_letter(client: Client, bob: dict[str, str], target: str) -> None:
    response = await client.post("/login", form=bob | {"next": target})
    assert response.headers["Location"] == target


@pytest.mark.asvs("1.5.3", "15.3.7")
async def test_a_repeated_next_counts_once(client: Client, bob: dict[str, str]) -> None:
    body = "email=bob%40example.com&password=sunny+otter+ladder+42&next=/a&next=//e"
    response = await client.post(
        "/login?next=/b", data=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert response.headers["Location"] == "/a"


async def test_a_next_in_the_address_of_the_form_counts_too(client: Client, bob: dict[str, str]) -> None:
    response = await client.post("/login?next=/profile%3Fx", form=bob)
    assert response.headers["Location"] == "/profile?x"


LOG_OUTS = [
    "/logout", "/logout?x", "/logout#x", "/./logout", "/%2e/logout", "/x/../logout", "/x/%2E%2e/logout", "/../logout",
    "/%6cogout", "/x//../../logout", "/x/..//logout", "/x/..%2flogout",
]  # fmt: skip


@pytest.mark.parametrize("target", LOG_OUTS)
async def test_no_spelling_of_log_out_is_followed(client: Client, bob: dict[str, str], target: str) -> None:
    response = await client.post("/login", form=bob | {"next": target})
    assert response.headers["Location"] == "/profile"


@pytest.mark.parametrize("target", ["/app/logout", "/app/./logout", "/app/%6Cogout"])
async def test_log_out_is_recognised_where_the_site_is_mounted_below_a_path(
    client: Client, bob: dict[str, str], target: str
) -> None:
    response = await client.post("/app/login", form=bob | {"next": target}, root_path="/app")
    assert response.headers["Location"] == "/app/profile"


HOSTS = ["evil.example", "evil.example:80", "localhost", "a b", "[::1", ""]
ODD_PATHS = ["/static//style.css", "//evil.example/static//style.css", "/slash", "//slash", "/%5Cevil.example//slash"]


@pytest.mark.asvs("1.2.2", "3.7.2")
@pytest.mark.parametrize("host", HOSTS)
async def test_no_redirect_names_a_host(app: Quart, host: str) -> None:
    @app.get("/slash/")
    async def slash() -> str:
        return ""

    client = app.test_client(use_cookies=False)  # the cookie jar itself fails on such hosts
    paths = [rule.rule for rule in app.url_map.iter_rules() if "<" not in rule.rule] + ODD_PATHS
    # Werkzeug takes what follows two slashes for a host; one that begins with a dot is none.
    for path in [*paths, *(f"/{path}" for path in paths if not path.startswith("/."))]:
        location = (await client.get(path, headers={"Host": host})).headers.get("Location", "/")
        assert location.startswith("/"), path
        assert not location.startswith(("//", "/\\")), path


def test_a_space_is_no_part_of_a_path() -> None:
    assert next_page.safe("/a b") is None


@pytest.mark.asvs("1.2.1")
@pytest.mark.parametrize("path", ["/login", "/signup"])
async def test_markup_in_next_stays_text(client: Client, path: str) -> None:
    page = await (await client.get(path, query_string={"next": '/a"><b>x'})).get_data(as_text=True)
    assert "<b>x" not in page
    assert 'name="next" value="/a&#34;&gt;&lt;b&gt;x"' in page


@pytest.mark.parametrize(
    ("page", "location"),
    [
        ("/account", "/login?next=/account"),
        ("/account/sessions?page=2", "/login?next=/account/sessions?page%3D2"),
        ("/account/password", "/login?next=/account"),  # the answer to a form: its page, as this address has none
        ("/account/sessions/revoke", "/login?next=/account/sessions"),
        ("/account/email/cancel/nowhere", "/login?next=/account"),
        ("/nowhere", "/login"),
        ("/logout", "/login"),
        ("", "/login"),
    ],
)
async def test_whose_session_has_ended_meanwhile_returns_to_the_form_that_was_sent(
    client: Client, page: str, location: str
) -> None:
    await client.get("/login")  # a cookie shows that the browser keeps them
    headers = {"Origin": "http://localhost"} | ({"Referer": f"http://localhost{page}"} if page else {})
    response = await client.post("/account/password", form={}, headers=headers)
    assert (response.status_code, response.headers["Location"]) == (302, location)
