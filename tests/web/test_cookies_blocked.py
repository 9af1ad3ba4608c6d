"""A browser that keeps no cookies is told; nobody else ever reads that sentence."""

import pytest
from quart import Quart, Response

from tests.conftest import MakeApp
from tests.inbox import Inbox
from tests.people import BOB, Client, cookie, text

BROWSER = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
NEEDED = "This site needs cookies"

FORMS = [
    ("/login", BOB),
    ("/login", BOB | {"password": "wrong"}),
    ("/login", BOB | {"next": "/account?x=1"}),
    ("/signup", BOB),
    ("/signup", BOB | {"email": "new@example.com"}),
    ("/signup", BOB | {"email": "x"}),
    ("/login/second-step", {"code": "123456"}),
    ("/account/name", {"name": "Rob"}),
    ("/account/export", {"sudo_password": BOB["password"]}),
    ("/account/delete", {}),
    ("/account/second-step/confirm", {"code": "123456"}),
]
FORMS_OF_MAIL = [
    ("/login", BOB),
    ("/signup", BOB),
    ("/signup/code", {"code": "ABC234"}),
    ("/forgot-password", {"email": "x"}),
    ("/confirm", {"token": "A" * 40, "password": BOB["password"]}),
    ("/reset-password", {"token": "A" * 40, "password": "short"}),
]


async def where_it_ends(client: Client, response: Response) -> Response:
    """Follow redirects as a browser does."""
    for _ in range(5):
        if response.status_code not in {302, 303}:
            break
        response = await client.get(response.headers["Location"], headers=BROWSER)
    return response


@pytest.mark.parametrize(("path", "form"), FORMS, ids=str)
async def test_without_cookies_every_form_ends_at_a_page_that_says_so(
    app: Quart, bob: dict[str, str], path: str, form: dict[str, str]
) -> None:
    blocked = app.test_client(use_cookies=False)
    page = await where_it_ends(blocked, await blocked.post(path, form=form, headers=BROWSER))
    assert NEEDED in await text(page)
    assert page.status_code == 400


async def test_a_link_is_not_led_over_that_page(app: Quart) -> None:
    response = await app.test_client(use_cookies=False).get("/account", headers=BROWSER)
    assert response.headers["Location"] == "/login?next=/account"


@pytest.mark.parametrize(("path", "form"), FORMS_OF_MAIL, ids=str)
async def test_the_forms_of_mail_say_so_too(inbox: Inbox, make_app: MakeApp, path: str, form: dict[str, str]) -> None:
    blocked = make_app(MAIL_URL=inbox.url).test_client(use_cookies=False)
    page = await where_it_ends(blocked, await blocked.post(path, form=form, headers=BROWSER))
    assert NEEDED in await text(page)


@pytest.mark.parametrize(("path", "form"), FORMS, ids=str)
async def test_a_program_without_cookies_reads_it_in_the_answer(
    app: Quart, bob: dict[str, str], path: str, form: dict[str, str]
) -> None:
    response = await app.test_client(use_cookies=False).post(path, form=form)
    assert response.status_code in {302, 303}
    assert NEEDED in await text(response)


@pytest.mark.parametrize(("path", "form"), FORMS_OF_MAIL, ids=str)
async def test_so_it_does_in_the_answers_of_the_forms_of_mail(
    inbox: Inbox, make_app: MakeApp, path: str, form: dict[str, str]
) -> None:
    response = await make_app(MAIL_URL=inbox.url).test_client(use_cookies=False).post(path, form=form)
    assert NEEDED in await text(response)


async def test_a_program_with_cookies_does_not_read_it(client: Client, bob: dict[str, str]) -> None:
    assert NEEDED not in await text(await client.post("/login", form=bob))


@pytest.mark.parametrize(("path", "form"), FORMS, ids=str)
async def test_a_tab_whose_cookies_are_gone_does_not_say_so(
    app: Quart, bob: dict[str, str], path: str, form: dict[str, str]
) -> None:
    client = app.test_client()
    page = await where_it_ends(client, await client.post(path, form=form, headers=BROWSER))
    assert NEEDED not in await text(page)
    assert page.status_code == 200


async def test_a_browser_with_cookies_arrives_where_it_would_have(app: Quart, bob: dict[str, str]) -> None:
    client = app.test_client()
    response = await client.post("/login", form=bob | {"next": "/profile?a=b%26c#d"}, headers=BROWSER)
    response = await client.get(response.headers["Location"])
    assert response.headers["Location"] == "/profile?a=b%26c#d"


async def test_on_plain_http_the_referer_shows_a_browser(app: Quart, bob: dict[str, str]) -> None:
    blocked = app.test_client(use_cookies=False)
    headers = {"Origin": "http://localhost", "Referer": "http://localhost/login"}
    page = await where_it_ends(blocked, await blocked.post("/login", form=bob, headers=headers))
    assert NEEDED in await text(page)


async def test_the_message_waits_for_its_page(app: Quart, bob: dict[str, str]) -> None:
    client = app.test_client()
    response = await client.post("/login", form=bob | {"password": "wrong"}, headers=BROWSER)
    page = await where_it_ends(client, response)
    assert "Please check your login details and try again." in await text(page)


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}])
async def test_a_program_is_not_sent_around(app: Quart, bob: dict[str, str], headers: dict[str, str]) -> None:
    response = await app.test_client().post("/login", form=bob, headers=headers)
    assert response.headers["Location"] == "/profile"
    assert "cookies" not in str(response.headers.getlist("Set-Cookie"))


async def test_a_browser_that_has_sent_a_cookie_is_not_sent_around(client: Client, bob: dict[str, str]) -> None:
    assert cookie(client, "flash")
    response = await client.post("/login", form=bob, headers=BROWSER)
    assert response.headers["Location"] == "/profile"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/logout", "/\\evil.example", "", "x"])
async def test_the_page_leads_nowhere_else(app: Quart, client: Client, bob: dict[str, str], target: str) -> None:
    response = await client.get("/cookies", query_string={"next": target})
    assert response.headers["Location"] == "/"
    page = await app.test_client(use_cookies=False).get("/cookies", query_string={"next": target})
    assert "evil" not in await page.get_data(as_text=True)


async def test_the_page_leads_back(app: Quart) -> None:
    page = await app.test_client(use_cookies=False).get("/cookies?next=/login?next%3D/account")
    assert 'href="/login?next=/account">Try again</a>' in await page.get_data(as_text=True)


async def test_below_a_path_the_page_leads_back_to_that_path(app: Quart) -> None:
    client = app.test_client(use_cookies=False)
    response = await client.post("/app/login", form=BOB, headers=BROWSER, root_path="/app")
    assert response.headers["Location"] == "/app/cookies?next=/app/login"
