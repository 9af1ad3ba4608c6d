"""The pytest plugin for the tests of a site, from `quart_auth_app.testing`."""

from datetime import timedelta

import pytest
from quart import Quart, Response, make_response, redirect, request
from quart.typing import ResponseReturnValue

from quart_auth_app import testing
from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.passwords.hashing import Hasher
from quart_auth_app.testing import Browser, Clock, LogInAs, MakeUser, VirtualPasskey
from tests.conftest import MakeApp
from tests.people import is_logged_in, text

# The suite has an `app` of its own, and so the plugin's fixtures work on either database.
make_user, log_in_as, passkey = testing.make_user, testing.log_in_as, testing.passkey


def add_routes(app: Quart) -> None:
    """Give the site cookies, and redirects."""

    @app.get("/set")
    async def set_cookies() -> ResponseReturnValue:
        response = await make_response("")
        response.set_cookie("everywhere", "1")
        response.set_cookie("cart", "2", path="/shop")
        response.set_cookie("private", "3", secure=True)
        return response

    @app.route("/shop/cart", methods=["GET", "POST"])
    @app.route("/shopping", methods=["GET", "POST"])
    async def show() -> ResponseReturnValue:
        return {"cookies": sorted(request.cookies), "method": request.method, "form": dict(await request.form)}

    @app.post("/buy/<int:status>")
    async def buy(status: int) -> Response:
        return redirect("../shop/cart#total", status)  # type: ignore[return-value]  # Quart's redirect is loosely typed


async def shown(response: Response) -> object:
    """Return the names of the cookies that a request carried."""
    return (await response.get_json())["cookies"]


@pytest.fixture
def browser(app: Quart) -> Browser:
    """A browser at the site."""
    add_routes(app)
    return Browser(app)


async def test_a_cookie_goes_only_where_its_path_allows(browser: Browser) -> None:
    await browser.get("/set")
    assert await shown(await browser.get("/shop/cart")) == ["cart", "everywhere", "private"]
    assert await shown(await browser.get("/shopping")) == ["everywhere", "private"]


async def test_a_secure_cookie_never_goes_over_http_but_to_localhost(make_app: MakeApp) -> None:
    for url, names in {
        "https://shop.example": ["everywhere", "private"],
        "http://shop.example": ["everywhere"],
    }.items():
        app = make_app(PUBLIC_URL=url)
        add_routes(app)
        browser = Browser(app)
        await browser.get("/set")
        assert await shown(await browser.get("/shopping")) == names


@pytest.mark.parametrize(
    ("status", "method", "form"), [(303, "GET", {}), (302, "GET", {}), (307, "POST", {"dish": "soup"})]
)
async def test_redirects_are_followed_as_browsers_do(
    browser: Browser, status: int, method: str, form: dict[str, str]
) -> None:
    response = await browser.post(f"/buy/{status}", form={"dish": "soup"}, follow_redirects=True)
    answer = await response.get_json()
    assert (answer["method"], answer["form"]) == (method, form)


@pytest.mark.parametrize("url", ["http://localhost", "https://shop.example"])
async def test_log_in_as_logs_in_without_a_password(
    make_app: MakeApp, log_in_as: LogInAs, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(PUBLIC_URL=url)
    user = await testing.user_maker(app)("ann@example.com", name="Ann")
    monkeypatch.setattr(Hasher, "verify", None)
    browser = Browser(app)
    await log_in_as(browser, user)
    assert "Welcome, Ann!" in await text(await browser.get("/profile"))
    await browser.post("/logout")
    assert (await browser.get("/profile")).status_code == 302


async def test_log_in_as_works_with_quarts_own_client(app: Quart, make_user: MakeUser, log_in_as: LogInAs) -> None:
    client = app.test_client()
    await log_in_as(client, await make_user())
    assert await is_logged_in(client)


async def test_a_session_ends_when_the_clock_says_so(
    browser: Browser, make_user: MakeUser, log_in_as: LogInAs, clock: Clock
) -> None:
    await log_in_as(browser, await make_user())
    clock.advance(sessions.IDLE - timedelta(seconds=1))
    assert (await browser.get("/profile")).status_code == 200
    clock.advance(sessions.IDLE)
    assert (await browser.get("/profile")).status_code == 302


async def test_everybody_has_an_address_of_their_own(make_user: MakeUser) -> None:
    first, second = await make_user(), await make_user(name="Ann")
    assert first.email != second.email
    assert second.name == "Ann"


async def test_a_passkey_is_added_to_an_account_and_logs_in(
    browser: Browser, make_user: MakeUser, log_in_as: LogInAs, passkey: VirtualPasskey
) -> None:
    await log_in_as(browser, await make_user(name="Ann"))
    await passkey.add_to(browser)
    await browser.post("/logout")
    await passkey.log_in(browser, next="/account")
    assert "Welcome, Ann!" in await text(await browser.get("/profile"))


async def test_a_passkey_knows_where_the_site_is(make_app: MakeApp, log_in_as: LogInAs) -> None:
    app = make_app(PUBLIC_URL="https://shop.example")
    browser, passkey = Browser(app), VirtualPasskey("https://shop.example")
    await log_in_as(browser, await testing.user_maker(app)())
    await passkey.add_to(browser)
    await browser.post("/logout")
    assert (await passkey.log_in(browser)).location == "/profile"


async def test_no_passkey_is_made_where_nobody_is_logged_in(browser: Browser, passkey: VirtualPasskey) -> None:
    with pytest.raises(LookupError, match="asks for no passkey"):
        await passkey.add_to(browser)
