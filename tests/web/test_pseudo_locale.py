"""No text outside of the catalogue: in every template as it is written, and in every page, refusal and mail as they are
read in a language where each text of the catalogue stands in brackets."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import nodes
from quart import Quart, abort
from werkzeug.exceptions import default_exceptions

from quart_auth_app import clock
from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.fields.own_field import OwnFieldFailsCheck
from quart_auth_app.accounts.history import activity, activity_kinds
from quart_auth_app.languages import Language
from quart_auth_app.mail import composing, letters, way_in_letters
from quart_auth_app.mail.site import Site
from quart_auth_app.models import Mail, SignUp, User
from quart_auth_app.web import sentences
from quart_auth_app.web.own_files import TEMPLATES
from tests import pseudo
from tests.authenticators import add_passkey
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, elsewhere, send
from tests.pseudo import HEADERS, leaks
from tests.second_steps import turn_on
from tests.web.test_refusals import OURS, made

FILES = sorted(TEMPLATES.rglob("*.html"))
DATA = ("Quart Auth App", BOB["email"], BOB["name"], EVE["email"], "UTC", "Linux", "example.com", "evil.example")
"""What stands in pages and is no text of ours."""

NO_TEXTS = {"GET", "POST", "username webauthn", "EmailTaken", "InvalidStateError"}
"""Constants in templates that look like texts and are none."""


@pytest.fixture
def app(make_app: MakeApp, inbox: Inbox) -> Quart:
    """An application that sends mail, and speaks the language."""
    app = make_app(MAIL_URL=inbox.url)
    pseudo.offer(app)
    return app


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_no_template_has_a_text_without_a_mark(app: Quart, file: Path) -> None:
    """Also in branches that no test renders: what stands there is compiled with all texts of the catalogue left out."""
    environment = app.jinja_env
    tree = environment._parse(file.read_text(), f"{pseudo.CODE}:{file.name}", str(file))
    plain = "".join(each.data if isinstance(each, nodes.TemplateData) else " " for each in _written(tree))
    assert leaks(plain) == []
    assert [each for each in _constants(tree) if _reads_like_a_text(each)] == []


def _written(tree: nodes.Node) -> Iterator[nodes.Node]:
    for output in tree.find_all(nodes.Output):
        yield from output.nodes


def _constants(tree: nodes.Node) -> Iterator[str]:
    of_plurals = {id(each) for found in tree.find_all(nodes.Filter) if found.name == "form" for each in found.args}
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, str) and id(constant) not in of_plurals:
            yield constant.value


def _reads_like_a_text(constant: str) -> bool:
    if constant in NO_TEXTS or "is-" in constant:
        return False
    words = leaks(re.sub(r"%\(\w+\)s", "", constant))
    return bool(words) and (constant[:1].isupper() or " " in constant.strip())


def browser(app: Quart) -> Client:
    """Return a browser whose person has chosen the language."""
    client = app.test_client()
    client.set_cookie("localhost", "language", pseudo.CODE)
    return client


async def visit(client: Client, path: str, method: str = "GET", **arguments: object) -> None:
    """Open a page, and look for texts in it."""
    response = await send(client, method, path, **elsewhere(), **arguments)
    assert response.status_code != 500, path
    if response.mimetype == "text/html" and not response.location:
        page = await response.get_data(as_text=True)
        if response.status_code != 204 and "<html" in page:
            assert f'<html lang="{pseudo.CODE}" dir="rtl">' in page, path
            assert leaks(page, *DATA) == [], path


def paths(app: Quart) -> list[str]:
    """Return every page."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    return [rule.rule for rule in rules if not rule.endpoint.startswith("health.") and rule.endpoint != "auth.logout"]


async def test_no_page_for_strangers_has_a_text_outside_the_catalogue(app: Quart, inbox: Inbox) -> None:
    client = browser(app)
    for path in [*paths(app), "/nowhere", "/logout", "/cookies?next=/login", "/reset-password?x", "/confirm?x"]:
        await visit(client, path)
    await client.post("/signup", form=BOB)
    await visit(client, "/signup/check-mail")
    await visit(client, "/signup/code", "POST", form={"code": "wrong"})
    await visit(client, "/signup/check-mail")
    await visit(browser(app), inbox.link(BOB["email"], "/confirm"))
    await visit(client, "/forgot-password", "POST", form={"email": BOB["email"]})
    for form in ({"email": "x"}, {}, {"email": BOB["email"], "password": "wrong"}):
        await client.post("/login", form=form)
        await visit(client, "/login")
        await client.post("/signup", form=EVE | form)
        await visit(client, "/signup")
    closed = services_of(app).settings
    object.__setattr__(closed, "sign_up_open", False)
    await visit(client, "/signup")


async def test_no_page_of_an_account_has_a_text_outside_the_catalogue(app: Quart, inbox: Inbox, time: Clock) -> None:
    client = browser(app)
    await client.post("/signup", form=BOB)
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    await client.post("/login", form=BOB)
    for path in paths(app):
        await visit(client, path)
    await visit(client, "/logout", headers={"Sec-Fetch-Site": "cross-site"})
    await add_passkey(client, name="Bob")
    await visit(client, "/account/second-step", "POST")
    await client.post("/account/email", form={"email": EVE["email"]})
    await note_everything(app)
    for path in paths(app):
        await visit(client, path)
    await client.post("/account/email/confirm", form={"token": inbox.link(EVE["email"], "/account").partition("?")[2]})
    await visit(client, "/account")
    await visit(client, inbox.link(BOB["email"], "/undo-email-change"))
    phone = await turn_on(app)
    await visit(client, "/account/second-step")
    await visit(client, "/account/second-step/recovery-codes", "POST")
    other = browser(app)
    await other.post("/login", form=EVE | {"password": BOB["password"]})
    await visit(other, "/login/second-step")
    await other.post("/login/second-step", form={"code": phone.code()})
    await visit(other, "/account/sessions")
    time.advance(activity.KEEP / 1000)
    for path in ("/account/export", "/account/second-step/off", "/account/delete"):
        await visit(client, path, "POST")
    proof = {"sudo_password": BOB["password"], "sudo_code": phone.recovery_codes[0]}
    await client.post("/account/delete", form=proof)
    await visit(client, "/login")


async def note_everything(app: Quart) -> None:
    """Let everything happen to the first account that is ever noted."""
    firefox = Browser(address="192.0.2.1", user_agent="Firefox/1 Linux")
    async with services_of(app).database.transaction() as db:
        for kind in activity_kinds.KINDS:
            for browser in (firefox, Browser(address="192.0.2.1"), OPERATOR):
                details = {"count": 3, "user": 7, "new_device": browser is firefox}
                await activity.note(db, user_id=1, kind=kind, browser=browser, now=clock.now(), **details)


OF_SITES = {OwnFieldFailsCheck}
"""Refusals whose sentence is the site's own."""


@pytest.mark.parametrize("kind", [each for each in OURS if each not in OF_SITES], ids=lambda kind: kind.__name__)
async def test_every_refusal_is_in_the_catalogue(app: Quart, kind: type[AccountError]) -> None:
    error = made(kind)
    values = [str(value) for value in error.values.values()]
    async with app.test_request_context("/login", headers=HEADERS):
        assert "⟦" in sentences.sentence(error)
        assert leaks(sentences.sentence(error), *values) == []
        assert leaks(sentences.field_note(error)) == []


async def test_every_error_page_is_in_the_catalogue(app: Quart) -> None:
    @app.get("/error/<int:status>")
    async def fail(status: int) -> str:
        abort(status)

    client = browser(app)
    for status in default_exceptions.keys() - {500}:
        await visit(client, f"/error/{status}")
    await visit(client, "/login", "POST", headers={"Sec-Fetch-Site": "cross-site"})


PARAMS = {"browser": "Firefox on Linux", "address": "192.0.2.1", "count": 12, "date": "2030-01-01", "asked": 1}
KINDS = sorted({*composing.KINDS, *composing.CODES, *way_in_letters.NO_ACCOUNT})


@pytest.mark.parametrize("stranger", [True, False])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_mail_is_in_the_catalogue(app: Quart, kind: str, stranger: bool) -> None:
    services = services_of(app)
    now = datetime.now(UTC)
    async with services.database.transaction() as db:
        user = User(email=BOB["email"], email_key=BOB["email"], name="Bob", password="x", language=pseudo.CODE)
        sign_up = SignUp(email=EVE["email"], email_key=EVE["email"], name="Eve", password="x", created_at=now)
        db.add_all([user, sign_up])
        await db.flush()
        user_id, sign_up_id = user.id, sign_up.id
    mail = Mail(
        kind=kind,
        to_address=EVE["email"] if stranger else BOB["email"],
        user_id=user_id,
        sign_up_id=sign_up_id,
        params=PARAMS | {"language": pseudo.CODE},
        message_id="<x@y>",
        created_at=now,
    )
    site = Site("Shop", "https://example.com")
    composed = await composing.compose(
        services.database.transaction, services.passwords, services.languages, mail=mail, site=site, now=now
    )
    if composed:
        letter, _ = composed
        assert letter.language.code == pseudo.CODE
        assert leaks(letter.subject, "Shop") == []
        text = "\n".join(line for line in letters.as_text(letter).splitlines() if "://" not in line)
        assert leaks(replace_codes(text), "Linux", "UTC", "Firefox") == []
        page = letters.as_html(letter)
        assert f'<html lang="{pseudo.CODE}" dir="rtl">' in page
    else:
        assert kind in {"email_change", "invite", "email_change_undoable"}


def replace_codes(text: str) -> str:
    """Return the text without the code that stands alone on its line."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("    "))


def test_the_walk_finds_what_is_outside() -> None:
    """Whatever it is: in an element, in an attribute, beside a value."""
    language = Language(pseudo.CODE, pseudo.Pseudo())
    assert leaks(f"<p>{language.translated('Welcome, {name}!', name='Bob')}</p>") == ["Bob"]
    assert leaks('<p>⟦a <a href="/">b</a> c⟧</p><img alt="picture"><p>⟦x⟧ more</p>') == ["more", "picture"]
    assert leaks('<input type="submit" value="Send"><script data-show="Show"></script>') == ["Send", "Show"]
    assert replace(Site("a", "b"), language=language).subject("x") == "a: ⟦x⟧"
