"""What a person sees: the site's name, kinds of message, fields that say what is wrong, and where to go next."""

import re

import pytest
from quart import Quart, render_template_string

from quart_auth_app.accounts import sudo
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.sentences import field_note
from quart_auth_app.web.sentences.field_notes import FIELD_NOTES
from tests.conftest import MakeApp
from tests.people import BOB, Client, Clock, text
from tests.web.test_refusals import OURS, made


async def source_of(client: Client, path: str) -> str:
    """Return the page's HTML."""
    return await (await client.get(path)).get_data(as_text=True)


def tag(source: str, name: str) -> str:
    """Return the input of this name."""
    found = re.search(rf'<input [^>]*name="{name}"[^>]*>', source)
    assert found
    return found[0]


async def test_the_sites_name_is_on_every_page_and_in_its_title(make_app: MakeApp) -> None:
    client = make_app(SITE_NAME="Müller & <Söhne>").test_client()
    for path in ("/", "/login", "/signup", "/nowhere"):
        source = await source_of(client, path)
        assert "<span>Müller &amp; &lt;Söhne&gt;</span>" in source
        assert "Müller &amp; &lt;Söhne&gt;</title>" in source


@pytest.mark.parametrize(("path", "label"), [("/", "Home"), ("/login", "Login"), ("/signup", "Sign Up")])
async def test_the_navigation_says_which_page_this_is(client: Client, path: str, label: str) -> None:
    assert re.findall(r'aria-current="page">([^<]+)<', await source_of(client, path)) == [label]


async def test_the_home_page_says_where_to_go(client: Client, bob: dict[str, str]) -> None:
    source = await source_of(client, "/")
    assert '<a class="button is-info is-large" href="/signup">' in source
    assert '<a href="/login">log in</a>' in source
    await client.post("/login", form=bob)
    source = await source_of(client, "/")
    assert "You are logged in as Bob." in source
    assert '<a class="button is-info is-large" href="/profile">' in source


@pytest.mark.parametrize(
    ("category", "kind", "role"),
    [
        ("message", "info", "status"),
        ("info", "info", "status"),
        ("success", "success", "status"),
        ("warning", "warning", "alert"),
        ("danger", "danger", "alert"),
        ("TooBusy", "warning", "alert"),
        ("WrongDetails", "danger", "alert"),
        ("ASitesOwnRefusal", "danger", "alert"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/login", "/signup"])
async def test_a_message_looks_like_its_kind(
    app: Quart, client: Client, path: str, category: str, kind: str, role: str
) -> None:
    @app.get("/act")
    async def act() -> str:
        await flash_one("Something.", category)
        return ""

    await client.get("/act")
    assert f'<div class="notification is-{kind}" role="{role}">Something.</div>' in await source_of(client, path)


async def test_to_be_asked_to_log_in_is_no_error(client: Client) -> None:
    await client.get("/profile")
    assert '<div class="notification is-info" role="status">' in await source_of(client, "/login")


@pytest.mark.parametrize("ticked", [{}, {"remember": "on"}])
async def test_remember_me_is_kept_after_a_wrong_password(
    client: Client, bob: dict[str, str], ticked: dict[str, str]
) -> None:
    await client.post("/login", form=bob | {"password": "wrong"} | ticked)
    assert (" checked" in tag(await source_of(client, "/login"), "remember")) == bool(ticked)


@pytest.mark.parametrize(
    ("wrong", "field"), [({"password": "password1"}, "password"), ({"email": "x"}, "email"), ({"name": ""}, "name")]
)
async def test_a_refused_field_says_so_and_has_the_focus(client: Client, wrong: dict[str, str], field: str) -> None:
    await client.post("/signup", form=BOB | wrong)
    source = await source_of(client, "/signup")
    for name in BOB:
        assert ('aria-invalid="true"' in tag(source, name)) == (name == field)
        assert (" autofocus" in tag(source, name)) == (name == field)
    described = re.search(r'aria-describedby="([^"]+)"', tag(source, field))
    assert described
    assert described[1].split()[:2] == [f"{field}-error", "message"]
    for element in described[1].split():
        assert f'id="{element}"' in source


@pytest.mark.parametrize(
    ("path", "page", "wrong", "field"),
    [
        ("/account/name", "/account", {"name": "\u202e"}, "name"),
        (
            "/account/password",
            "/account",
            {"current_password": "x", "password": "other kettle 7 b"},
            "current_password",
        ),
        ("/account/password", "/account", {"current_password": BOB["password"], "password": "x"}, "password"),
        ("/account/second-step/confirm", "/account/second-step", {"code": "000000"}, "code"),
    ],
)
async def test_a_refused_field_of_the_account_page_says_so_and_has_the_focus(
    client: Client, bob: dict[str, str], path: str, page: str, wrong: dict[str, str], field: str
) -> None:
    await client.post("/login", form=bob)
    await client.post("/account/second-step")
    await client.post(path, form=wrong)
    source = await source_of(client, page)
    assert ' aria-invalid="true"' in tag(source, field)
    assert " autofocus" in tag(source, field)
    assert source.count("aria-invalid") == source.count(" autofocus") == source.count('id="message"') == 1


async def test_a_refused_proof_says_so_and_has_the_focus(make_app: MakeApp, time: Clock) -> None:
    client = make_app().test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    time.advance(sudo.LASTS)
    source = await (await client.post("/account/export", form={"sudo_password": "x"})).get_data(as_text=True)
    assert ' aria-invalid="true"' in tag(source, "sudo_password")
    assert " autofocus" in tag(source, "sudo_password")
    assert "Not your password." in source


async def test_a_form_that_was_not_refused_marks_nothing(client: Client) -> None:
    for path in ("/login", "/signup"):
        assert "aria-invalid" not in await source_of(client, path)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_note_for_its_field(kind: type[AccountError]) -> None:
    assert field_note(made(kind)).endswith(".")


def test_no_note_is_left_over() -> None:
    assert FIELD_NOTES.keys() <= {kind.__name__ for kind in OURS}


async def test_log_out_can_be_cancelled(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    page = await client.get("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert "Cancel" in await text(page)
    assert 'href="/">Cancel</a>' in await page.get_data(as_text=True)


async def test_too_many_attempts_keep_the_form(client: Client, bob: dict[str, str]) -> None:
    for _ in range(6):
        response = await client.post("/login", form=bob | {"password": "wrong", "remember": "on"})
    source = await response.get_data(as_text=True)
    assert response.status_code == 429
    assert f'value="{bob["email"]}"' in tag(source, "email")
    assert " checked" in tag(source, "remember")


@pytest.mark.asvs("3.4.3")
async def test_only_a_page_with_a_script_may_run_one_and_only_ours(app: Quart, client: Client) -> None:
    @app.get("/two")
    async def two() -> str:
        return await render_template_string('{{ script("show-password.js") }}{{ script("show-password.js") }}')

    for path in ("/", "/login", "/signup", "/nowhere", "/two"):
        response = await client.get(path)
        source = await response.get_data(as_text=True)
        assert ("script-src 'self'" in response.headers["Content-Security-Policy"]) == ("<script" in source)
        assert source.count("<script") == {"/login": 2, "/signup": 1, "/two": 1}.get(path, 0)
        assert re.fullmatch(r'(.*?<script src="/static/[^"]+\.js" defer></script>)*(?!.*<script).*', source, re.S)
