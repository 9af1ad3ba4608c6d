"""The language of pages: who chooses it, and what the answer says of it."""

import html
import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from jinja2 import DictLoader
from markupsafe import Markup
from quart import Quart, render_template, render_template_string

from quart_auth_app import Accounts as AccountsExtension
from quart_auth_app import SettingsError
from quart_auth_app.accounts import sudo
from quart_auth_app.accounts.errors import TooBusy
from quart_auth_app.web.forms import form as forms
from quart_auth_app.web.services import services_of
from tests.catalogues import compiled
from tests.conftest import MakeApp
from tests.people import BOB, Client, Clock, cookie, notice, send, set_cookies, text
from tests.second_steps import turn_on

JA = {"Accept-Language": "ja"}


async def language_of(client: Client, path: str = "/login", header: str | None = None) -> str:
    """Return the language that a page says it is in, by its header and its tag alike."""
    response = await client.get(path, headers={"Accept-Language": header} if header else {})
    code = response.headers["Content-Language"]
    assert f'<html lang="{code}"' in await response.get_data(as_text=True)
    return code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("ja", "ja"),
        ("JA-jp", "ja"),
        ("es-419,es;q=0.9", "es"),
        ("en-GB,ja;q=0.3", "en"),
        ("de, fr;q=0.8", "en"),
        ("de, ja;q=0.2, es;q=0.1", "ja"),
        ("ja;q=0, es;q=0.1", "es"),
        ("ja;q=0", "en"),
        ("*", "en"),
        ("es;q=0.5, ja;q=0.50", "es"),
        (", ;q=1, ja;q=x, es", "es"),
        ("ja;q=nan", "en"),
        ("ja;q=2, es", "es"),
        ("x" * 300 + ", ja", "en"),
        ("ja\x00", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
async def test_the_browsers_wish_decides_for_who_has_chosen_nothing(client: Client, header: str, code: str) -> None:
    assert await language_of(client, header=header) == code


async def test_the_answer_says_what_the_language_depends_on(client: Client) -> None:
    for path in ("/", "/login", "/nowhere"):
        response = await client.get(path, headers=JA)
        assert response.vary.as_set() >= {"accept-language", "cookie"}, path
        assert response.headers["Content-Language"] == "ja"
    static = await client.get("/static/style.css", headers=JA)
    assert "Content-Language" not in static.headers
    assert "accept-language" not in static.vary.as_set()


async def test_a_choice_at_the_foot_of_the_page_wins_over_the_browsers_wish_and_stays(client: Client) -> None:
    page = await (await client.get("/signup")).get_data(as_text=True)
    for name, code in (("English", "en"), ("Español", "es"), ("日本語", "ja")):
        assert f'name="language" value="{code}" lang="{code}"' in page
        assert f">{name}</button>" in page
    headers = {"Referer": "http://localhost/signup?next=/profile"}
    response = await client.post("/language", form={"language": "es"}, headers=headers)
    assert response.headers["Location"] == "/signup?next=/profile"
    assert set_cookies(response)["language"] >= {"HttpOnly", "SameSite=Lax", "Max-Age=31536000"}
    assert await language_of(client, header="ja") == "es"
    await client.post("/language", form={"language": ""})
    assert cookie(client, "language") is None
    assert await language_of(client, header="ja") == "ja"


@pytest.mark.parametrize(
    ("form", "referer", "location"),
    [
        ({"next": "/login"}, None, "/login"),
        ({"next": "//evil.example"}, None, "/"),
        ({"next": "https://evil.example/"}, None, "/"),
        ({}, None, "/"),
        ({}, "https://evil.example/login", "/"),
        ({}, "http://localhost//evil.example", "/"),
        ({}, "http://localhost/logout", "/"),
        ({}, "http://localhost/login/passkey", "/login"),
        ({}, "http://localhost/account/second-step/recovery-codes", "/account/second-step"),
        ({}, "http://localhost/nowhere", "/"),
        ({}, "http://[", "/"),
    ],
)
async def test_after_a_choice_the_browser_goes_back_to_a_page_of_ours(
    client: Client, form: dict[str, str], referer: str | None, location: str
) -> None:
    client.set_cookie("localhost", "any", "cookie")  # else it is looked first whether the browser keeps them
    headers = {"Referer": referer} if referer else {}
    response = await client.post("/language", form={"language": "ja"} | form, headers=headers)
    assert (response.status_code, response.headers["Location"]) == (302, location)


async def test_a_page_that_nobody_can_return_to_offers_no_other_language(
    app: Quart, client: Client, bob: dict[str, str], time: Clock
) -> None:
    await client.post("/login", form=bob)
    await turn_on(app)
    assert "日本語" in await text(await client.get("/account/second-step"))
    codes = await text(await client.post("/account/second-step/recovery-codes"))
    assert "They are shown only now." in codes
    key = await text(await client.post("/account/access-keys", form={"name": "backup", "days": "30"}))
    assert "It is shown only now." in key
    time.advance(sudo.LASTS)
    act = await text(await client.post("/account/delete"))
    assert "Give your password once more" in act
    failed = await text(await client.post("/nowhere"))
    assert "There is no page at this address." in failed
    assert [page for page in (codes, key, act, failed) if "日本語" in page] == []


async def test_the_answer_to_a_form_of_the_site_offers_the_languages(app: Quart, client: Client) -> None:
    @app.post("/dishes/new")
    async def new() -> str:
        return await render_template("index.html")

    @app.get("/dishes")
    async def dishes() -> str:
        return await render_template("index.html")

    await client.get("/login")  # a cookie shows that the browser keeps them
    assert "日本語" in await text(await client.post("/dishes/new"))
    headers = {"Referer": "http://localhost/dishes/new"}
    response = await client.post("/language", form={"language": "ja"}, headers=headers)
    assert response.headers["Location"] == "/dishes"


@pytest.mark.parametrize(
    ("path", "form", "page"),
    [
        ("/login", BOB | {"next": "/account?a=b"}, "/login?next=/account?a%3Db"),
        ("/login/link", {"token": "a1" * 20}, "/login/link?" + "a1" * 20),
        ("/login/code", {"code": "123456"}, "/login/check-mail"),
        ("/signup/code", {"code": "123456", "next": "/account"}, "/signup/check-mail?next=/account"),
    ],
)
async def test_in_a_refused_form_that_is_shown_at_once_a_language_leads_to_its_page(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, path: str, form: dict[str, str], page: str
) -> None:
    async def refuse(*_: object) -> dict[str, str]:
        raise TooBusy(retry_after=5)

    async def show_form(*_: object, **__: object) -> str:
        return await render_template("index.html")

    app = make_app(MAIL_URL="log:", MAIL_FROM="site@shop.example", MAILED_LOGIN="yes")
    for endpoint in ("mailed_login.link", "mailed_login.check_mail", "auth.check_mail"):
        app.view_functions[endpoint] = show_form
    client = app.test_client()
    await client.get("/login")
    monkeypatch.setattr(forms, "read_fields", refuse)
    shown = await client.post(path, form=form)
    assert shown.status_code == 503
    source = await shown.get_data(as_text=True)
    switch = source[source.index('<form class="languages"') :]
    hidden = re.search('name="next" value="([^"]*)"', switch)
    assert hidden
    assert html.unescape(hidden[1]) == page
    monkeypatch.undo()
    response = await client.post("/language", form={"language": "ja", "next": html.unescape(hidden[1])})
    assert response.headers["Location"] == page


@pytest.mark.parametrize("code", ["xx", "EN", "../ja", "ja\n", "x" * 36])
async def test_a_language_that_there_is_not_is_refused(client: Client, code: str) -> None:
    response = await client.post("/language", form={"language": code})
    assert response.headers["Location"].startswith("/")
    assert cookie(client, "language") is None
    assert await notice(client, "/")


async def test_another_site_chooses_nobodys_language(client: Client) -> None:
    response = await client.post("/language", form={"language": "ja"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert cookie(client, "language") is None


async def test_what_the_cookie_says_is_no_language_unless_the_site_has_it(client: Client) -> None:
    for value in ("xx", "ja:login.html", "../../etc", "%00", "é"):
        client.set_cookie("localhost", "language", value)
        assert await language_of(client) == "en"


async def test_the_accounts_language_wins_and_goes_with_the_account(app: Quart, bob: dict[str, str]) -> None:
    first, second = app.test_client(), app.test_client()
    for client in (first, second):
        await client.post("/login", form=bob)
    await first.post("/language", form={"language": "ja", "next": "/account"})
    assert await language_of(second, "/account", "es") == "ja"
    await second.post("/logout")
    assert await language_of(second, "/login", "es") == "es", "what the account reads is nobody else's business"
    account = await (await first.get("/account")).get_data(as_text=True)
    assert '<option value="ja" lang="ja" selected>' in account


async def test_who_signs_up_in_a_language_keeps_it_and_may_take_it_back(client: Client) -> None:
    await client.post("/signup", form=BOB, headers=JA)
    await client.post("/login", form=BOB)
    assert await language_of(client, "/profile", "es") == "ja"
    await client.post("/language", form={"language": "", "next": "/account"})
    assert await language_of(client, "/profile", "es") == "es"


async def test_who_signs_up_without_a_wish_has_no_language_yet(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    assert await language_of(client, "/profile", "ja") == "ja"


async def test_the_download_of_ones_data_has_the_language(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    await client.post("/language", form={"language": "ja"})
    everything = json.loads(await (await client.post("/account/export")).get_data())
    assert everything["account"]["language"] == "ja"


async def test_refusals_speak_the_language_in_pages_flashes_and_json(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob | {"password": "wrong"}, headers=JA)
    assert await notice(client, "/login") == "メールアドレスとパスワードを確認して、もう一度お試しください。"
    json_too = JA | {"Accept": "application/json"}
    for path in ("/profile", "/nowhere"):
        problem = await (await client.get(path, headers=json_too)).get_json()
        assert not problem["detail"].isascii()
        assert problem["title"].isascii(), "what programs may look at stays"
    assert "ページが見つかりません" in await text(await client.get("/nowhere", headers=JA))


async def test_a_templates_own_text_is_compiled_once_for_each_language(app: Quart, client: Client) -> None:
    for header in ("en", "ja", "es", "ja", "en"):
        await client.get("/login", headers={"Accept-Language": header})
    names = {name for _, name in app.jinja_env.cache}  # type: ignore[union-attr]  # Jinja's own cache
    assert {"login.html", "ja:login.html", "es:login.html", "ja:base.html"} <= names
    assert not {"en:login.html", "ja:es:login.html"} & names


MARKED = {
    "marked.html": """{% extends "frame.html" %}{% block content -%}
        {{ _("Login") }}|{{ _("Remove %(name)s", name=who) }}|{% trans %}Password{% endtrans %}|
        {%- trans name=who %}Welcome, {{ name }}!{% endtrans %}|
        {%- trans number=2 %}Only {{ number }} of your recovery codes is left. Make new ones.
        {%- pluralize %}Only {{ number }} of your recovery codes are left. Make new ones.{% endtrans %}|
        {{- ["a", _("Home")] | join(_("Name")) }}{% endblock %}""",
    "frame.html": '<html lang="{{ page_language.code }}">{% include "part.html" %}{% block content %}{% endblock %}',
    "part.html": '{{ _("Email") }}:',
}


async def test_a_function_of_the_sites_that_is_called_like_the_mark_gets_what_is_no_text(app: Quart) -> None:
    async with app.test_request_context("/"):
        assert await render_template_string("{{ _(word) }}", _=str.upper, word="soup") == "SOUP"


async def test_marks_work_wherever_jinja_takes_a_text_and_escape_values(app: Quart, client: Client) -> None:
    @app.get("/marked")
    async def marked() -> str:
        return await render_template("marked.html", who="<b>%s {x}")

    app.jinja_env.loader = DictLoader(MARKED)
    english = await (await client.get("/marked")).get_data(as_text=True)
    assert english.split("|") == [
        '<html lang="en">Email:Login', "Remove &lt;b&gt;%s {x}", "Password", "Welcome, &lt;b&gt;%s {x}!",
        "Only 2 of your recovery codes are left. Make new ones.", "aNameHome",
    ]  # fmt: skip
    japanese = await (await client.get("/marked", headers=JA)).get_data(as_text=True)
    assert japanese.split("|") == [
        '<html lang="ja">メールアドレス:ログイン',
        "&lt;b&gt;%s {x} を削除する",
        "パスワード",
        "ようこそ、&lt;b&gt;%s {x} さん！",
        "リカバリーコードは残り 2\u00a0個です。新しく発行してください。", "a名前ホーム",
    ]  # fmt: skip


async def test_a_template_from_a_string_speaks_the_readers_language(app: Quart, client: Client) -> None:
    @app.get("/string")
    async def string() -> str:
        return await render_template_string("{{ _('Login') }}")

    assert await (await client.get("/string", headers=JA)).get_data(as_text=True) == "ログイン"
    assert await (await client.get("/string")).get_data(as_text=True) == "Login"


async def test_the_words_of_a_script_are_escaped_whatever_was_escaped_before(app: Quart, client: Client) -> None:
    words = iter([Markup("&lt;"), "&lt;", "<"])

    @app.get("/script")
    async def shown() -> str:
        return await render_template_string('{{ script("show-password.js", show=word) }}', word=next(words))

    pages = [await (await client.get("/script", headers=JA)).get_data(as_text=True) for _ in range(3)]
    assert [re.findall('data-show="(.*?)"', page) for page in pages] == [["&lt;"], ["&amp;lt;"], ["&lt;"]]


@pytest.mark.parametrize("wanted", ["xx", "ja,xx", "EN", "../ja"])
def test_a_language_without_a_catalogue_is_refused_at_the_start(make_app: MakeApp, wanted: str) -> None:
    with pytest.raises(SettingsError, match=r"LANGUAGES.*allowed: en, es, ja"):
        make_app(LANGUAGES=wanted)


async def test_the_operator_chooses_the_languages_and_the_first_is_for_everybody_else(make_app: MakeApp) -> None:
    client = make_app(LANGUAGES="ja, en").test_client()
    assert await language_of(client) == "ja"
    assert await language_of(client, header="es") == "ja"
    assert await language_of(client, header="en") == "en"
    assert "Español" not in await (await client.get("/")).get_data(as_text=True)
    alone = make_app(LANGUAGES="es").test_client()
    page = await (await alone.get("/")).get_data(as_text=True)
    assert 'lang="es"' in page
    assert 'name="language"' not in page


async def test_an_application_that_exists_keeps_its_own_language_and_extension(tmp_path: Path) -> None:
    (tmp_path / "own.html").write_text("{% trans %}Login{% endtrans %}")
    app = Quart(__name__, template_folder=str(tmp_path))
    app.config.update(DATABASE_URL="sqlite://", SECRET_KEY="a key for tests, which is long enough")
    app.jinja_options = {"extensions": ["jinja2.ext.i18n"]}
    app.jinja_env.install_gettext_callables(lambda text: f"own {text}", lambda one, _other, _n: one)  # type: ignore[attr-defined]  # of Jinja's i18n extension
    AccountsExtension(app)

    @app.get("/own")
    async def own() -> str:
        return await render_template("own.html")

    client = app.test_client()
    response = await client.get("/own", headers=JA)
    assert await response.get_data(as_text=True) == "own Login"
    assert "Content-Language" not in response.headers
    assert await language_of(client, "/login", "ja") == "ja"
    await services_of(app).database.close()


async def test_an_application_that_exists_adds_texts_and_a_language_with_its_import_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "host_with_texts" / "locales" / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (tmp_path / "host_with_texts" / "__init__.py").touch()
    french = Catalog(locale="fr")
    french.add("Remember me", "Se souvenir de moi")
    (folder / "messages.mo").write_bytes(compiled(french))
    monkeypatch.syspath_prepend(str(tmp_path))
    app = Quart(__name__)
    app.config.update(DATABASE_URL="sqlite://", SECRET_KEY="a key for tests, which is long enough")
    AccountsExtension(app, import_name="host_with_texts")
    response = await app.test_client().get("/login", headers={"Accept-Language": "fr"})
    assert "Se souvenir de moi" in await response.get_data(as_text=True)
    await services_of(app).database.close()


async def test_every_page_that_a_stranger_sees_is_in_the_language(app: Quart, client: Client) -> None:
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.endpoint.startswith("health."):
            response = await send(client, "GET", rule.rule, headers=JA)
            if response.mimetype == "text/html" and response.location is None:
                assert response.headers["Content-Language"] == "ja", rule
