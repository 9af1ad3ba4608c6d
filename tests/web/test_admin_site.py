"""Admins add people, try mails again, and look for faults."""

import pytest
from quart import Quart
from sqlalchemy import select

from quart_auth_app.accounts import sudo
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Mail, User
from quart_auth_app.operations import acts, findings
from quart_auth_app.web.api.views.admin import OneMail
from tests.conftest import MakeApp, services_of
from tests.counting import counting
from tests.databases import SECRET_KEY, NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, Events, is_logged_in, text
from tests.web.test_admin import JSON, admin, kinds  # noqa: F401  # a fixture
from tests.web.test_roles import grant, log_in

CHOSEN = {"password": "quiet marble canoe 93"}


@pytest.fixture
async def app_with_mail(make_app: MakeApp, inbox: Inbox) -> Quart:
    """A site that sends mail, and lets admins in by their password alone."""
    return make_app(MAIL_URL=inbox.url, ADMIN_SECOND_STEP="optional")


@pytest.fixture
async def mailing(app_with_mail: Quart, inbox: Inbox, time: Clock) -> Client:
    """Bob, an admin there."""
    async with services_of(app_with_mail).database.transaction() as db:
        db.add(User(email="x@example.com", email_key="x@example.com", name="X", password="none"))
    client = app_with_mail.test_client()
    await client.post("/signup", form=BOB)
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    await client.post("/login", form=BOB)
    async with services_of(app_with_mail).database.transaction() as db:
        bob = await db.scalar(select(User).where(User.email == BOB["email"]))
        assert bob
        bob.roles = ["admin"]
    return client


async def test_where_no_mail_is_sent_a_person_is_added_with_a_first_password(
    app: Quart,
    admin: Client,  # noqa: F811  # the fixture
    events: Events,
) -> None:
    assert "Choose a first password" in await text(await admin.get("/admin/users/add"))
    response = await admin.post("/admin/users/add", form=EVE)
    assert response.headers["Location"] == "/admin/users/2"
    assert "That is done." in await text(await admin.get("/admin/users/2"))
    assert (await kinds(admin))[0] == "admin_add"
    assert "you added user 2" in await text(await admin.get("/account/activity"))
    (noted,) = [event for event in events.all if event["event"] == "admin_act"]
    assert (noted["act"], str(noted["on"])) == ("add", "2")
    eve = app.test_client()
    await eve.post("/login", form=EVE)
    assert await is_logged_in(eve)
    assert "An operator of this site" in await text(await eve.get("/account/activity"))


async def test_where_mail_is_sent_a_person_is_invited_and_the_admin_knows_no_password(
    app_with_mail: Quart, mailing: Client, inbox: Inbox
) -> None:
    page = await mailing.get("/admin/users/add")
    assert 'name="password"' not in await page.get_data(as_text=True)
    added = await mailing.post("/admin/users/add", json=EVE, headers=JSON)
    assert (added.status_code, (await added.get_json())["next"]) == (201, "/admin/users/3")
    eve = app_with_mail.test_client()
    await eve.post("/login", form=EVE)
    assert not await is_logged_in(eve)
    token = inbox.link(EVE["email"], "/reset-password").partition("?")[2]
    await eve.post("/reset-password", form={"token": token} | CHOSEN)
    await eve.post("/login", form=EVE | CHOSEN)
    assert await is_logged_in(eve)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"email": BOB["email"]}, "Email address already exists"),
        ({"email": "eve"}, "Please enter a valid email address."),
        ({"name": " "}, "Please enter your name."),
        ({"password": "short"}, "Please choose a password of at least 9 characters."),
        ({"password": ""}, "Please choose a password of at least 9 characters."),
    ],
)
async def test_whoever_can_not_be_added_is_not_and_the_form_keeps_what_was_typed(
    admin: Client,  # noqa: F811  # the fixture
    database: Database,
    changed: dict[str, str],
    said: str,
) -> None:
    response = await admin.post("/admin/users/add", form=EVE | changed)
    assert response.headers["Location"] == "/admin/users/add"
    page = await admin.get("/admin/users/add")
    assert said in await text(page)
    assert f'value="{(EVE | changed)["email"]}"' in await page.get_data(as_text=True)
    async with database.reading() as db:
        assert len((await db.scalars(select(User.id))).all()) == 1
    assert "admin_add" not in await kinds(admin)


async def test_adding_and_trying_again_are_in_sudo_and_the_form_comes_after_the_proof(
    admin: Client,  # noqa: F811  # the fixture
    time: Clock,
) -> None:
    time.advance(sudo.LASTS)
    for method, path in (
        ("get", "/admin/users/add"),
        ("post", "/admin/users/add"),
        ("post", "/admin/mail/retry"),
        ("post", "/admin/mail/1/retry"),
    ):
        asked = await getattr(admin, method)(path, headers=JSON)
        assert (asked.status_code, (await asked.get_json())["code"]) == (403, "SudoRequired")


async def queue(app: Quart, count: int, now: Clock, failed: str | None) -> None:
    """Put mails into the outbox."""
    async with services_of(app).database.transaction() as db:
        moments = dict.fromkeys(["created_at", "due_at", "give_up_at"], now.now)
        for number in range(count):
            to = f"ann{number}@example.com"
            db.add(Mail(kind="invite", to_address=to, params={}, message_id="<1@x>", failed=failed, **moments))


async def numbers(client: Client, path: str) -> tuple[list[int], int | None]:
    """Return the numbers of the mails of a page, and what leads on."""
    found = await (await client.get(path, headers=JSON)).get_json()
    assert all(each.keys() == OneMail.__dataclass_fields__.keys() for each in found["mails"])
    return [each["id"] for each in found["mails"]], found["next"]


async def test_a_mail_that_could_not_be_sent_is_shown_with_the_reason_and_tried_again(
    app: Quart,
    admin: Client,  # noqa: F811  # the fixture
    database: Database,
    time: Clock,
    events: Events,
) -> None:
    await queue(app, 2, time, "550 no such <user>")
    page = await text(await admin.get("/admin/mail"))
    assert page.count("550 no such <user>") == 2
    assert "No mail is sent here: MAIL_URL is not set." in page
    response = await admin.post("/admin/mail/1/retry")
    assert response.headers["Location"] == "/admin/mail"
    assert "What could not be sent is tried again." in await text(await admin.get("/admin/mail"))
    async with database.reading() as db:
        assert (await db.scalars(select(Mail.failed).order_by(Mail.id))).all() == [None, "550 no such <user>"]
    await admin.post("/admin/mail/retry")
    async with database.reading() as db:
        assert (await db.scalars(select(Mail.failed))).all() == [None, None]
    assert (await kinds(admin))[:2] == ["admin_retry_mail"] * 2
    assert [str(event.get("mail")) for event in events.all if event["event"] == "admin_act"] == ["1", "None"]


@pytest.mark.parametrize("number", ["1", "99", str(2**31), "9" * 20])
async def test_a_mail_that_waits_or_is_not_there_is_not_tried_again(
    app: Quart,
    admin: Client,  # noqa: F811  # the fixture
    time: Clock,
    number: str,
) -> None:
    await queue(app, 1, time, None)
    refused = await admin.post(f"/admin/mail/{number}/retry")
    assert refused.status_code == 404
    assert "No mail with this number has failed" in await text(refused)
    assert "admin_retry_mail" not in await kinds(admin)


async def test_mails_come_in_pages_each_by_the_primary_key(
    app: Quart,
    admin: Client,  # noqa: F811  # the fixture
    database: Database,
    time: Clock,
) -> None:
    await queue(app, 51, time, "550")
    assert await numbers(admin, "/admin/mail") == ([*range(1, 51)], 50)
    assert "/admin/mail?after=50" in await (await admin.get("/admin/mail")).get_data(as_text=True)
    with counting(database) as costs:
        assert await numbers(admin, "/admin/mail?after=50") == ([51], None)
    assert sum("FROM mail" in statement for statement in costs.statements) == 1
    for after in ("x", "-1", "9" * 400):
        assert await numbers(admin, f"/admin/mail?after={after}") == ([*range(1, 51)], 50)


async def test_faults_are_looked_for_when_asked_and_told_without_a_secret(
    make_app: MakeApp, new_database: NewDatabase
) -> None:
    mail = {"MAIL_URL": "smtp://ann:sesame@localhost:9", "MAIL_FROM": "a@example.com"}
    shared = {"DATABASE_URL": new_database(), "SECRET_KEY": SECRET_KEY, "ADMIN_SECOND_STEP": "optional"}
    await log_in(make_app(**shared))
    app = make_app(**shared, **mail, PUBLIC_URL="http://localhost")
    await grant(app, "admin")
    client = app.test_client()
    await client.post("/login", form=BOB)
    assert "ADMIN_SECOND_STEP" not in await text(await client.get("/admin/doctor"))
    page = await (await client.post("/admin/doctor")).get_data(as_text=True)
    told = (await (await client.post("/admin/doctor", headers=JSON)).get_json())["findings"]
    settings = services_of(app).settings
    for line in ("ADMIN_SECOND_STEP is optional", "MAIL_URL: no mail can leave now"):
        assert line in page
        assert any(line in each for each in told)
    for secret in (settings.secret_key, "sesame"):
        assert secret not in page


async def test_where_nothing_is_wrong_it_says_so(
    admin: Client,  # noqa: F811  # the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nothing(*_: object, **__: object) -> list[str]:
        return []

    monkeypatch.setattr(findings, "around_database", nothing)
    monkeypatch.setattr(findings, "in_database", nothing)
    assert "Nothing is wrong." in await text(await admin.post("/admin/doctor"))


async def test_adding_is_no_act_on_somebody_who_is_there() -> None:
    assert "add" not in acts.ACTS, "or /admin/users/<number>/add would be one"
