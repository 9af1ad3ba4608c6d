"""Fields of a site's own, on the sign-up form and the account's page. In another process: `User` gains columns."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.servers import ROOT

SITE = """
import enum
from decimal import Decimal
from quart_auth_app import User, create_app, form_field
from sqlalchemy import Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

class Diet(enum.Enum):
    VEGAN = "no animals"
    ANY = "anything"

class Customer(User):
    nick: Mapped[str | None] = mapped_column(String(9), index=True, unique=True, info=form_field("Nickname"))
    diet: Mapped[Diet] = mapped_column(server_default="ANY", info=form_field("Diet", sign_up=True))
    wants_letters: Mapped[bool] = mapped_column(server_default=text("false"), info=form_field("Letters", sign_up=True))
    tip: Mapped[Decimal | None] = mapped_column(Numeric(4, 2), info=form_field("Tip & “thanks”", sign_up=True))
    badge: Mapped[int | None] = mapped_column(index=True, unique=True, info=form_field("Badge", sign_up=True))
    points: Mapped[int] = mapped_column(server_default="0")

def create_site(config=None):
    return create_app(config, import_name=__name__)
"""
TESTS = """
import asyncio, itertools, os
from datetime import timedelta
import pytest
from quart_auth_app import reading
from quart_auth_app.accounts.throttling import throttle, limits
from quart_auth_app.accounts.throttling.limits import Limit
from quart_auth_app.testing import SECRET_KEY
from site_of_ours import Customer, Diet, create_site
from tests.conftest import services_of
from tests.people import is_logged_in
from tests.providers.fake import Fake, serving
from tests.web.test_providers import log_in, settings

pytest_plugins = ["quart_auth_app.testing"]
ANN = {"email": "ann@example.com", "name": "Ann", "password": "sunny otter ladder 42"}
DETAILS = {"diet": "VEGAN", "wants_letters": "on", "tip": "1.5"}

@pytest.fixture(params=[False, True], ids=["without mail", "with mail"])
def app(request, outbox):
    mail = {"MAIL_URL": outbox.url} if request.param else {}
    return create_site({"DATABASE_URL": os.environ["SITES_DATABASE"], "SECRET_KEY": SECRET_KEY, **mail})

async def page(client, path):
    return await (await client.get(path)).get_data(as_text=True)

async def sign_up(client, app, outbox, email, **details):
    response = await client.post("/signup", form=ANN | {"email": email} | details)
    if response.location == "/signup/check-mail":
        await client.post("/signup/code", form={"code": outbox.code(email)})

async def stored(client, user_id):
    async with client.app.app_context(), reading() as db:
        return await db.get_one(Customer, user_id)

async def test_sign_up(client, app, outbox, request):
    form = await page(client, "/signup")
    assert 'name="nick"' not in form and 'name="points"' not in form
    assert '<option value="VEGAN">no animals</option>' in form
    assert "Tip &amp; “thanks”" in form
    email = f"{abs(hash(request.node.name))}@example.com"
    assert (await client.post("/signup", form=ANN | {"email": email} | DETAILS | {"diet": ""})).location == "/signup"
    again = await page(client, "/signup")
    assert "Please fill in “Diet”." in again
    assert 'value="1.5"' in again and 'value="on" checked' in again
    for bad in ({"tip": "lots"}, {"tip": "100"}, {"diet": "MEAT"}, {"tip": "x" * 2000}):
        await client.post("/signup", form=ANN | {"email": email} | DETAILS | bad)
        assert 'aria-invalid="true"' in (found := await page(client, "/signup")) or " is-danger" in found
    await sign_up(client, app, outbox, email, **DETAILS, points="99")
    assert (await client.post("/login", form=ANN | {"email": email})).location == "/profile"
    kept = (await (await client.post("/account/export")).get_json())["account"]
    assert (kept["diet"], kept["wants_letters"], kept["tip"], kept["points"]) == ("no animals", True, "1.50", 0)

async def test_sign_up_with_a_provider(outbox, request):
    where = {"DATABASE_URL": os.environ["SITES_DATABASE"], "SECRET_KEY": SECRET_KEY}
    async with serving(Fake()) as fake:
        fake.person |= {"email": f"{abs(hash(request.node.name))}@example.com", "email_verified": True}
        client = create_site(where | settings(fake)).test_client()
        assert (await log_in(client, fake, remember="on")).location == "/login/with/fake/sign-up"
        assert not await is_logged_in(client)
        form = await page(client, "/login/with/fake/sign-up")
        assert '<option value="VEGAN">no animals</option>' in form and 'value="Bob"' in form
        assert 'name="email"' not in form and 'name="password"' not in form
        refused = await client.post("/login/with/fake/sign-up", form={"name": "Ann"}, follow_redirects=True)
        again = await refused.get_data(as_text=True)
        assert "Please fill in “Diet”." in again and 'value="Ann"' in again
        details = DETAILS | {"name": "Ann", "points": "99", "email": "eve@example.com"}
        answer = await client.post("/login/with/fake/sign-up", form=details)
        assert answer.location == "/profile"
        assert any("Expires" in each for each in answer.headers.getlist("Set-Cookie") if each.startswith("log-in="))
        assert "Welcome, Ann!" in await page(client, "/profile")
        kept = (await (await client.post("/account/export")).get_json())["account"]
        assert (kept["diet"], kept["wants_letters"], kept["tip"], kept["points"]) == ("no animals", True, "1.50", 0)
        assert kept["email"] == fake.person["email"]
        other = client.app.test_client()
        assert (await log_in(other, fake)).location == "/profile"
        await services_of(client.app).database.close()

async def test_a_value_that_is_taken_at_a_providers_sign_up(client, make_user, log_in_as, monkeypatch, request):
    monkeypatch.setattr(limits, "SIGN_UP_BY_ADDRESS", Limit("refused sign-ups", 2, timedelta(days=1)))
    badge = abs(hash(request.node.name)) % 1_000_000
    here, there = [{"scope_base": {"client": (next(computers), 50000)}} for _ in "ab"]
    await log_in_as(client, await make_user(f"{badge}a@example.com"))
    await client.post("/account/own", form={"diet": "ANY", "badge": str(badge)})
    where = {"DATABASE_URL": os.environ["SITES_DATABASE"], "SECRET_KEY": SECRET_KEY}
    async with serving(Fake()) as fake:
        fake.person |= {"email": f"{badge}b@example.com", "email_verified": True}
        browser = create_site(where | settings(fake)).test_client()
        await log_in(browser, fake)
        form = DETAILS | {"name": "Ann", "badge": str(badge)}
        refused = await browser.post("/login/with/fake/sign-up", form=form, **here)
        assert refused.location == "/login/with/fake/sign-up"
        text = await page(browser, refused.location)
        assert "“Badge” is taken" in text and f'name="badge" value="{badge}"' in text
        asked = {"headers": {"Accept": "application/json"}}
        answers = [await browser.post("/login/with/fake/sign-up", form=form, **asked, **here) for _ in "ab"]
        assert [(await each.get_json())["code"] for each in answers] == ["OwnFieldTaken", "TooManyAttempts"]
        free = form | {"badge": str(badge + 1_000_000)}
        assert (await browser.post("/login/with/fake/sign-up", form=free, **there)).location == "/profile"
        await services_of(browser.app).database.close()

async def test_account(client, make_user, log_in_as, request):
    number = abs(hash(request.node.name))
    taken, user = await make_user(f"{number}a@example.com"), await make_user(f"{number}b@example.com")
    other = type(client)(client.app)
    nick = request.node.name[-9:-1].strip()
    await log_in_as(other, taken)
    await other.post("/account/own", form={"nick": nick, "diet": "ANY"})
    await log_in_as(client, user)
    refused = await client.post("/account/own", form={"nick": nick, "diet": "VEGAN"}, follow_redirects=True)
    text = await refused.get_data(as_text=True)
    assert "“Nickname” is taken" in text and f'value="{nick}"' in text and 'value="VEGAN" selected' in text
    assert (await stored(client, user.id)).diet is Diet.ANY
    await client.post("/account/own", form={"nick": "", "diet": "VEGAN", "points": "99", "wants_letters": "on"})
    now = await stored(client, user.id)
    assert (now.nick, now.diet, now.points, now.wants_letters) == (None, Diet.VEGAN, 0, True)
    text = await page(client, "/account")
    assert 'value="VEGAN" selected' in text and "Your details are changed." in text and 'href="#own"' in text
    await client.post("/account/own", form={"diet": "VEGAN"})
    assert not (await stored(client, user.id)).wants_letters
    await client.post("/account/own", json={"diet": "ANY", "tip": 2.5, "wants_letters": True})
    now = await stored(client, user.id)
    assert (str(now.tip), now.wants_letters) == ("2.50", True)
    problem = await client.post("/account/own", form={"diet": "MEAT"}, headers={"Accept": "application/json"})
    assert problem.status_code == 422
    assert (await problem.get_json())["field"] == "diet"

async def race(client, path, forms):
    # Sends these forms at the same moment, each from a browser and a computer of its own.
    browsers = [type(client)(client.app) for _ in forms]
    there = [{"scope_base": {"client": (next(computers), 50000)}} for _ in forms]
    sent = [each.post(path, form=form, **at) for each, form, at in zip(browsers, forms, there)]
    return browsers, there, await asyncio.gather(*sent)

computers = (f"10.9.8.{number}" for number in itertools.count(1))

async def test_two_sign_ups_choose_the_same_at_once(client, app, outbox, request):
    badge = abs(hash(request.node.name)) % 1_000_000
    emails = [f"{badge}{letter}@example.com" for letter in "ab"]
    forms = [ANN | DETAILS | {"email": email, "badge": str(badge)} for email in emails]
    browsers, there, answers = await race(client, "/signup", forms)
    if outbox.mails:
        assert [each.location for each in answers] == ["/signup/check-mail"] * 2
        codes = [each.post("/signup/code", form={"code": outbox.code(email)}, **at)
                 for each, email, at in zip(browsers, emails, there)]
        answers = await asyncio.gather(*codes)
    assert sorted(each.location for each in answers) == ["/login", "/signup"]
    late = [each.location for each in answers].index("/signup")
    browser, form, at = browsers[late], forms[late], there[late]
    text = await page(browser, "/signup")
    assert "“Badge” is taken: another account has the same." in text and 'aria-invalid="true"' in text
    again = await browser.post("/signup", form=form, **at)
    assert again.location == "/signup"
    text = await page(browser, "/signup")
    assert "“Badge” is taken" in text and f'name="badge" value="{badge}"' in text
    problem = await browser.post("/signup", json=form | {"badge": badge}, headers={"Accept": "application/json"}, **at)
    said = await problem.get_json()
    assert (problem.status_code, said["code"], said["field"]) == (409, "OwnFieldTaken", "badge")
    free = form | {"email": f"{badge}c@example.com", "badge": str(badge + 1_000_000)}
    await sign_up(browser, app, outbox, **free)
    assert (await browser.post("/login", form=free, **at)).location == "/profile"

async def test_two_link_followers_chose_the_same(client, app, outbox, request):
    if request.node.callspec.params["app"] is False:
        return
    badge = abs(hash(request.node.name)) % 1_000_000
    emails = [f"{badge}{letter}@example.com" for letter in "ab"]
    forms = [ANN | DETAILS | {"email": email, "badge": str(badge)} for email in emails]
    browsers, there, _ = await race(client, "/signup", forms)
    tokens = [{"token": outbox.link(email, "/confirm").partition("?")[2]} for email in emails]
    first, second = [await each.post("/confirm", form=form, **at) for each, form, at in zip(browsers, tokens, there)]
    assert (first.location, second.location) == ("/login", "/signup")
    assert "“Badge” is taken" in await page(browsers[1], "/signup")

async def test_two_accounts_choose_the_same_at_once(client, make_user, log_in_as, request):
    badge = abs(hash(request.node.name)) % 1_000_000
    browsers = [type(client)(client.app) for _ in "ab"]
    for letter, browser in zip("ab", browsers):
        await log_in_as(browser, await make_user(f"{badge}{letter}@example.com"))
    form = {"diet": "ANY", "badge": str(badge)}
    asked = {"headers": {"Accept": "application/json"}}
    answers = await asyncio.gather(*(each.post("/account/own", form=form, **asked) for each in browsers))
    assert sorted(each.status_code for each in answers) == [200, 409]
    said = [await each.get_json() for each in answers if each.status_code == 409]
    assert (said[0]["code"], said[0]["field"]) == ("OwnFieldTaken", "badge")
    for browser in browsers:
        assert (await browser.post("/account/own", form={"diet": "ANY"}, **asked)).status_code == 200
"""
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
INI += "markers =\n    asvs\n    slow\n"


@pytest.mark.slow
def test_a_sites_fields_are_filled_in_refused_and_kept(new_database: NewDatabase, tmp_path: Path) -> None:
    try_site(tmp_path, new_database(), SITE, TESTS)


def try_site(tmp_path: Path, url: str, site: str, tests: str) -> None:
    """Write the site and its tests, migrate the database, and run the tests in another process."""
    (tmp_path / "site_of_ours.py").write_text(site)
    (tmp_path / "test_site.py").write_text(tests)
    (tmp_path / "pytest.ini").write_text(INI)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SITES_DATABASE": url, "SECRET_KEY": 40 * "x"}
    command = [sys.executable, "-m", "quart_auth_app.cli", "--app", "site_of_ours:create_site()", "db"]
    for act in (["migration", "fields"], ["upgrade"]):
        done = subprocess.run(
            [*command, *act], cwd=tmp_path, env=environment | {"DATABASE_URL": url}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
