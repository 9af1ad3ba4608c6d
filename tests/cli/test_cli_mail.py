"""The operator and mail: what waits, what has failed, whether it arrives, invitations and links for new passwords."""

import asyncio
import re

import pytest
from quart import Quart
from sqlalchemy import update

from quart_auth_app.accounts import outbox
from quart_auth_app.models import Mail
from tests.cli.test_cli import OTHER_PASSWORD, Operator
from tests.cli.test_cli_doctor import findings
from tests.conftest import MakeApp, services_of
from tests.databases import NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, Client, Clock, is_logged_in
from tests.servers import free_port

ANN = {"email": "ann@example.com", "name": "Ann", "password": OTHER_PASSWORD}
INVITE = ["user", "invite", ANN["email"], "--name", "Ann"]


@pytest.fixture
def operator(new_database: NewDatabase, inbox: Inbox) -> Operator:
    """The operator of an application that sends mail. Bob has an account."""
    operator = Operator(new_database(), MAIL_URL=inbox.url)
    operator.add(BOB)
    return operator


@pytest.fixture
def app(operator: Operator, make_app: MakeApp) -> Quart:
    """The application itself."""
    return make_app(**operator.settings)


async def send_due(app: Quart) -> None:
    """Do what the server does every few seconds."""
    sender = services_of(app).sender
    assert sender
    await sender.send_due()


async def ask(app: Quart, time: Clock, count: int) -> None:
    """Ask for mails."""
    async with services_of(app).database.transaction() as db:
        for number in range(count):
            await outbox.queue(db, kind="reset", to=f"nobody{number}@example.com", now=time.now)


async def choose_password(client: Client, inbox: Inbox) -> None:
    """Follow the link in Ann's newest mail."""
    token = inbox.link(ANN["email"]).partition("?")[2]
    await client.post("/reset-password", form={"token": token, "password": ANN["password"]})


async def can_log_in(client: Client, **fields: str) -> bool:
    """Try it as Ann."""
    await client.post("/login", form=ANN | fields)
    return await is_logged_in(client)


async def test_who_is_invited_chooses_the_password_and_logs_in(operator: Operator, app: Quart, inbox: Inbox) -> None:
    await operator.later(*INVITE)
    client = app.test_client()
    assert not await can_log_in(client), "there is no password yet"
    await send_due(app)
    await choose_password(client, inbox)
    assert await can_log_in(client)


async def test_an_invitation_is_refused_as_a_sign_up_is(operator: Operator) -> None:
    refused = await operator.later("user", "invite", BOB["email"], "--name", "Bob")
    assert refused.stderr == "Error: Email address already exists\n"
    assert (await operator.later("user", "invite", "ann", "--name", "A")).exit_code == 1
    assert (await operator.later("mail", "list")).stdout == "none\n"


async def test_invitations_work_where_nobody_can_sign_up(operator: Operator, make_app: MakeApp, inbox: Inbox) -> None:
    operator.settings["SIGN_UP"] = "closed"
    app = make_app(**operator.settings)
    client = app.test_client()
    await client.post("/signup", form=ANN)
    assert (await operator.later("mail", "list")).stdout == "none\n"
    await client.post("/forgot-password", form={"email": ANN["email"]})
    assert "/signup" not in str(inbox.last(ANN["email"])), "nobody is invited to what is refused"
    await operator.later(*INVITE)
    await send_due(app)
    await choose_password(client, inbox)
    assert await can_log_in(client)


async def test_a_mailed_link_changes_nothing_until_it_is_used(operator: Operator, app: Quart, inbox: Inbox) -> None:
    await asyncio.to_thread(operator.add, ANN | {"password": BOB["password"]})
    client = app.test_client()
    assert await can_log_in(client, password=BOB["password"])
    await operator.later("user", "send-reset", ANN["email"])
    await send_due(app)
    page = await client.get("/account/activity")
    assert "The operator had a link for a new password mailed" in await page.get_data(as_text=True)
    await choose_password(client, inbox)
    assert not await is_logged_in(client)
    assert await can_log_in(client)


@pytest.mark.parametrize(
    "command", ["user invite ann@example.com --name Ann", "user send-reset 1", "mail test a@b.example"]
)
def test_where_mail_is_off_it_says_so_and_changes_nothing(operator: Operator, command: str) -> None:
    operator.settings["MAIL_URL"] = ""
    assert operator.run(*command.split()).stderr == "Error: No mail is sent here: MAIL_URL is not set.\n"
    assert len(operator.json("user", "list")) == 1


async def test_what_waits_and_what_has_failed_is_listed_and_tried_again(
    operator: Operator, app: Quart, inbox: Inbox
) -> None:
    await operator.later(*INVITE)
    (row,) = await asyncio.to_thread(operator.json, "mail", "list")
    assert (row["kind"], row["to_address"], row["attempts"], row["failed"]) == ("invite", ANN["email"], 0, None)
    refused = await operator.later("mail", "retry", "1")
    assert refused.stderr == "Error: No mail with this number has failed; one that waits is tried again by itself.\n"
    async with services_of(app).database.transaction() as db:
        await db.execute(update(Mail).values(failed="550 no such user"))
    assert "550 no such user" in (await operator.later("mail", "list")).stdout
    await send_due(app)
    assert inbox.mails == []
    assert await asyncio.to_thread(operator.json, "mail", "retry", "1") == {"tried_again": 1}
    assert await asyncio.to_thread(operator.json, "mail", "retry") == {"tried_again": 0}
    await send_due(app)
    assert len(inbox.to(ANN["email"])) == 1
    assert (await operator.later("mail", "list")).stdout == "none\n"


async def test_a_long_outbox_comes_in_pages(operator: Operator, app: Quart, time: Clock) -> None:
    await ask(app, time, 3)
    result = await operator.later("mail", "list", "--limit", "2")
    assert (result.stdout.count("@"), result.stderr) == (2, "There are more; go on with: --after 2\n")
    assert (await operator.later("mail", "list", "--after", "2")).stdout.count("@") == 1


def test_a_test_mail_is_sent_at_once(operator: Operator, inbox: Inbox) -> None:
    sent = operator.json("mail", "test", "ann@example.com")
    assert [mail["Message-ID"] for mail in inbox.to("ann@example.com")] == [sent["message_id"]]
    assert re.fullmatch(r"<[0-9a-f]{32}@localhost>", sent["message_id"])
    assert operator.run("mail", "test", "ann").stderr == "Error: Please enter a valid email address.\n"


def test_a_mail_server_that_is_not_there_is_told(operator: Operator) -> None:
    operator.settings["MAIL_URL"] = f"smtp://127.0.0.1:{free_port()}"
    operator.settings |= {"MAIL_FROM": "accounts@example.com", "PUBLIC_URL": "http://localhost:8000"}
    result = operator.run("mail", "test", "ann@example.com")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: The mail was not taken: ")
    (finding,) = findings(operator)
    assert finding.startswith("MAIL_URL: no mail can leave now: ")


def test_doctor_looks_at_the_mail_folder_and_makes_none(operator: Operator, inbox: Inbox) -> None:
    assert findings(operator) == []
    assert not inbox.folder.exists()
    inbox.folder.touch()
    assert findings(operator) == [
        f"MAIL_URL: no mail can leave now: {inbox.folder}: not a folder that can be written to"
    ]


async def test_doctor_tells_of_mails_that_have_failed(operator: Operator, app: Quart) -> None:
    await operator.later(*INVITE)
    assert await asyncio.to_thread(findings, operator) == []
    async with services_of(app).database.transaction() as db:
        await db.execute(update(Mail).values(failed="550 no such user"))
    (finding,) = await asyncio.to_thread(findings, operator)
    assert finding.startswith("Mails that could not be sent: 1; ")
