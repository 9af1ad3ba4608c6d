"""The contract's routes, as a client that knows the tutorial meets them."""

import re

import pytest
from quart import Quart

from tests.conftest import MakeApp
from tests.people import BOB, PLEASE_LOG_IN, WRONG_DETAILS, Client, is_logged_in, notice, send, text


async def test_home_page_has_a_title_and_a_subtitle(client: Client) -> None:
    page = await (await client.get("/")).get_data(as_text=True)
    assert 'class="title"' in page
    assert 'class="subtitle"' in page


@pytest.mark.asvs("2.3.1")
async def test_sign_up_leads_to_login_without_logging_in(client: Client) -> None:
    response = await client.post("/signup", form=BOB)
    assert (response.status_code, response.headers["Location"]) == (302, "/login")
    assert not await is_logged_in(client)


async def test_the_login_page_after_sign_up_knows_the_address(client: Client) -> None:
    await client.post("/signup", form=BOB)
    assert 'value="bob@example.com"' in await (await client.get("/login")).get_data(as_text=True)


async def test_log_in_leads_to_the_profile_which_greets_by_name(client: Client, bob: dict[str, str]) -> None:
    response = await client.post("/login", form=bob)
    assert (response.status_code, response.headers["Location"]) == (302, "/profile")
    assert "Welcome, Bob!" in await text(await client.get("/profile"))


@pytest.mark.parametrize("wrong", [{"password": "Sunny otter ladder 42"}, {"email": "nobody@example.com"}])
async def test_wrong_details_lead_back_with_one_and_the_same_sentence(
    client: Client, bob: dict[str, str], wrong: dict[str, str]
) -> None:
    response = await client.post("/login", form=bob | wrong)
    assert (response.status_code, response.headers["Location"]) == (302, "/login")
    assert await notice(client, "/login") == WRONG_DETAILS
    assert not await is_logged_in(client)


async def test_a_message_is_shown_once(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob | {"password": "wrong"})
    assert await notice(client, "/login")
    assert not await notice(client, "/login")


@pytest.mark.asvs("3.3.5")
async def test_messages_that_nobody_saw_do_not_pile_up(client: Client) -> None:
    for _ in range(50):
        response = await client.get("/profile")
    assert len(response.headers["Set-Cookie"]) < 400
    source = await (await client.get("/login")).get_data(as_text=True)
    assert source.count("notification") == source.count(PLEASE_LOG_IN) == 1


async def test_a_refused_form_comes_back_filled_but_for_the_password(client: Client) -> None:
    await client.post("/signup", form=BOB | {"email": "no address"})
    page = await (await client.get("/signup")).get_data(as_text=True)
    assert 'value="no address"' in page
    assert 'value="Bob"' in page
    assert BOB["password"] not in page


async def test_a_taken_address_is_said_with_a_link_to_login(client: Client, bob: dict[str, str]) -> None:
    response = await client.post("/signup", form=BOB | {"email": "BOB@EXAMPLE.com"})
    assert (response.status_code, response.headers["Location"]) == (302, "/signup")
    page = await client.get("/signup")
    assert "Email address already exists. Go to login page." in (await text(page)).replace(" .", ".")
    assert '<a href="/login">login page</a>' in await page.get_data(as_text=True)


async def test_only_a_taken_address_sends_to_the_login_page(client: Client) -> None:
    await client.post("/signup", form=BOB | {"password": "short"})
    assert "login page" not in await text(await client.get("/signup"))


@pytest.mark.asvs("7.4.1")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_log_out_ends_the_session_and_goes_home(client: Client, bob: dict[str, str], method: str) -> None:
    await client.post("/login", form=bob)
    response = await send(client, method, "/logout")
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert not await is_logged_in(client)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_other_spelling_of_sign_up_leads_there_for_good(client: Client, method: str) -> None:
    response = await send(client, method, "/sign-up")
    assert (response.status_code, response.headers["Location"]) == (308, "/signup")


@pytest.mark.parametrize("path", ["/login", "/signup"])
async def test_who_is_logged_in_needs_no_form(client: Client, bob: dict[str, str], path: str) -> None:
    await client.post("/login", form=bob)
    response = await client.get(path)
    assert (response.status_code, response.headers["Location"]) == (302, "/profile")


@pytest.mark.asvs("7.4.4")
async def test_the_navigation_fits_who_is_asking(client: Client, bob: dict[str, str]) -> None:
    visitor = await text(await client.get("/"))
    await client.post("/login", form=bob)
    user = await text(await client.get("/"))
    assert visitor.startswith("Quart Auth App Home Login Sign Up ")
    assert user.startswith("Quart Auth App Home Profile Logout ")


@pytest.mark.asvs("7.4.4")
async def test_log_out_in_the_page_is_a_button_that_posts(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    page = await (await client.get("/")).get_data(as_text=True)
    assert 'method="post" action="/logout"' in page
    assert 'href="/logout"' not in page


@pytest.mark.asvs("1.1.1", "2.3.1")
async def test_a_protected_page_asks_to_log_in_and_then_opens(client: Client, bob: dict[str, str]) -> None:
    response = await client.get("/profile?tab=a%2Fb&x=1")
    assert response.headers["Location"] == "/login?next=/profile?tab%3Da%252Fb%26x%3D1"
    page = await client.get(response.headers["Location"])
    source = await page.get_data(as_text=True)
    assert PLEASE_LOG_IN in source
    assert '<input type="hidden" name="next" value="/profile?tab=a%2Fb&amp;x=1">' in source
    response = await client.post("/login", form=bob | {"next": "/profile?tab=a%2Fb&x=1"})
    assert response.headers["Location"] == "/profile?tab=a%2Fb&x=1"


async def test_the_wanted_page_survives_a_wrong_password(client: Client, bob: dict[str, str]) -> None:
    response = await client.post("/login", form=bob | {"password": "wrong", "next": "/profile?x=1"})
    assert response.headers["Location"] == "/login?next=/profile?x%3D1"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_logging_out_twice_goes_home_without_a_word(client: Client, bob: dict[str, str], method: str) -> None:
    await client.post("/login", form=bob)
    await client.post("/logout")
    response = await send(client, method, "/logout")
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert PLEASE_LOG_IN not in await text(await client.get("/login"))


async def test_after_signing_up_the_login_page_says_so(client: Client) -> None:
    await client.post("/signup", form=BOB)
    assert "Your account has been created." in await text(await client.get("/login"))


async def test_the_wanted_page_survives_signing_up(client: Client) -> None:
    source = await (await client.get("/login?next=/profile?b%3D2")).get_data(as_text=True)
    assert '"/signup?next=/profile?b%3D2"' in source
    source = await (await client.get("/signup?next=/profile?b%3D2")).get_data(as_text=True)
    assert '<input type="hidden" name="next" value="/profile?b=2">' in source
    response = await client.post("/signup", form=BOB | {"next": "/profile?b=2"})
    assert response.headers["Location"] == "/login?next=/profile?b%3D2"
    response = await client.get("/sign-up?next=/profile?b%3D2")
    assert response.headers["Location"] == "/signup?next=/profile?b%3D2"


async def test_who_is_logged_in_already_goes_to_the_wanted_page_with_its_query(
    client: Client, bob: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    response = await client.get("/login?next=/profile?b%3D2")
    assert response.headers["Location"] == "/profile?b=2"


async def test_signing_up_while_somebody_is_logged_in_says_so(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    await client.get("/signup")
    assert "You are logged in as Bob." in await text(await client.get("/profile"))
    await client.post("/signup", form=BOB | {"email": "eve@example.com"})
    assert "You are still logged in as Bob" in await text(await client.get("/profile"))


@pytest.mark.parametrize("headers", [{"Purpose": "prefetch"}, {"X-Moz": "prefetch"}, {"Sec-Purpose": "prefetch"}])
async def test_reading_ahead_leaves_the_message_that_waits(
    client: Client, bob: dict[str, str], headers: dict[str, str]
) -> None:
    await client.post("/login", form=bob | {"password": "wrong"})
    await client.get("/login", headers=headers)
    await client.get("/profile", headers=headers)
    await client.head("/login")
    assert await notice(client, "/login") == WRONG_DETAILS


async def test_logging_in_never_leads_straight_to_log_out(client: Client, bob: dict[str, str]) -> None:
    response = await client.post("/login", form=bob | {"next": "/logout"})
    assert response.headers["Location"] == "/profile"


PRIVATE = {
    "main.profile",
    "account.overview",
    "account.name_post",
    "account.password_post",
    "account.export_post",
    "account.delete_post",
    "account.delete_cancel_post",
    "account.sudo",
    "sessions.overview",
    "sessions.revoke",
    "activity.overview",
}
"""Every endpoint of ours that needs a log-in. That the list is whole is tested with the documents; a page that a site
adds, here or in a blueprint of its own, is its own affair."""


@pytest.mark.asvs("2.3.1", "6.3.4", "8.2.1", "8.3.1")
async def test_every_private_route_sends_a_stranger_to_log_in(app: Quart, client: Client) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint in PRIVATE]
    assert {rule.endpoint for rule in rules} == PRIVATE
    for rule in rules:
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            response = await send(client, method, rule.rule)
            assert response.headers["Location"].startswith("/login"), rule


@pytest.mark.asvs("16.5.1")
@pytest.mark.parametrize(
    ("path", "method", "status"), [("/nowhere", "GET", 404), ("/profile", "DELETE", 405), ("/login", "POST", 413)]
)
async def test_errors_have_a_page_in_the_same_look(client: Client, path: str, method: str, status: int) -> None:
    response = await send(client, method, path, form={"email": "x" * 70_000 if status == 413 else "x"})
    assert response.status_code == status
    assert (await text(response)).startswith("Quart Auth App Home Login Sign Up ")


@pytest.mark.asvs("4.1.4")
async def test_405_tells_what_is_allowed(client: Client) -> None:
    response = await client.put("/login")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def forms_without_a_page(app: Quart) -> list[str]:
    """Return the paths that take a POST and no GET."""
    rules = [rule for rule in app.url_map.iter_rules() if not rule.endpoint.endswith("static")]
    pages = {rule.rule for rule in rules if "GET" in (rule.methods or ())}
    filled_in = [re.sub("<[^>]*>", "7", rule.rule) for rule in rules if rule.rule not in pages]
    assert len(filled_in) > 20
    return filled_in


@pytest.mark.asvs("4.1.4")
async def test_the_address_of_a_form_opened_as_a_page_leads_to_the_page_with_the_form(
    make_app: MakeApp,
) -> None:
    app = make_app(MAIL_URL="log:", MAIL_FROM="site@shop.example", MAILED_LOGIN="yes")
    for path in forms_without_a_page(app):
        response = await app.test_client().get(path)
        assert (response.status_code, "POST" in response.headers["Allow"]) == (405, True), path
        page = await response.get_data(as_text=True)
        assert "it takes only what a form sends. Nothing was changed." in page, path
        link = re.search('href="([^"]*)">Back to the page with the form', page)
        assert bool(link) == (path != "/language"), path
        assert link is None or (await app.test_client().get(link[1])).status_code in {200, 302}, path


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/account/sessions/revoke", "/account/sessions"),
        ("/signup/code", "/signup/check-mail"),
        ("/admin/users/3/disable", "/admin/users/3"),
        ("/account/second-step/recovery-codes/text", "/account/second-step"),
        ("/account/delete", "/account"),
    ],
)
async def test_the_page_with_the_form_is_the_one_that_shows_it(client: Client, path: str, page: str) -> None:
    assert f'href="{page}">Back to the page with the form' in await (await client.get(path)).get_data(as_text=True)
    problem = await client.get(path, headers={"Accept": "application/json"})
    assert (await problem.get_json())["detail"] == "This page can't be used in that way."
    assert "POST" in problem.headers["Allow"]
    other = await (await client.delete(path)).get_data(as_text=True)
    assert "be used in that way." in other
    assert "Back to the page with the form" not in other


async def test_a_sites_own_view_may_have_a_form_of_another_kind(app: Quart, client: Client) -> None:
    async def order() -> str:
        return ""

    order.form = "a form of the site's library"  # type: ignore[attr-defined]  # as a library's decorator does
    app.add_url_rule("/profile/order", view_func=order, methods=["POST"])
    response = await client.get("/profile/order")
    assert response.status_code == 405
    assert 'href="/profile">Back to the page with the form' in await response.get_data(as_text=True)


@pytest.mark.asvs("13.4.2", "16.5.1")
async def test_a_bug_shows_a_page_that_tells_nothing_about_the_inside(app: Quart, client: Client) -> None:
    @app.get("/bug")
    async def bug() -> str:
        raise ZeroDivisionError("the inside")

    response = await client.get("/bug")
    assert response.status_code == 500
    source = await response.get_data(as_text=True)
    assert "Something went wrong on our side" in source
    assert "the inside" not in source
    assert "Traceback" not in source
