"""Processes that send: of several, one sends each mail; and one that is killed (`kill -9`) loses none.

A mail is sent twice only where the process was killed after the server had taken it.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import SMTP

import pytest
from aiosmtpd.controller import Controller
from quart import Quart
from sqlalchemy import func, select, update

from quart_auth_app import clock
from quart_auth_app.accounts import outbox, users
from quart_auth_app.models import Mail, MailToken
from tests.conftest import MakeApp, services_of
from tests.databases import SECRET_KEY, NewDatabase
from tests.inbox import links_in, text_of
from tests.mail.test_transports import Handler
from tests.people import BOB
from tests.servers import ROOT, free_port

PROCESS = """
import asyncio, os, signal, sys
from quart_auth_app import clock, create_app
from quart_auth_app.accounts import outbox
from quart_auth_app.mail import delivery
from quart_auth_app.mail.transports import Smtp

async def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def then_die(function):
    async def work(*arguments, **named):
        await function(*arguments, **named)
        await die()
    return work

async def main(point):
    services = create_app().extensions["quart_auth_app"]
    if point == "asked":
        async with services.database.transaction() as db:
            await outbox.queue(db, kind="reset", to="bob@example.com", now=clock.now())
            await die()
    if point == "claimed":
        delivery.compose = die
    if point == "written":
        delivery.compose = then_die(delivery.compose)
    if point == "taken":
        Smtp.send = then_die(Smtp.send)
    await services.sender.send_due()
    await services.database.close()

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def handler() -> Handler:
    """What the mail server does."""
    return Handler()


@pytest.fixture
def settings(handler: Handler, new_database: NewDatabase) -> Iterator[dict[str, str]]:
    """The settings of an application with a mail server."""
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield {
        "DATABASE_URL": new_database(),
        "SECRET_KEY": SECRET_KEY,
        "MAIL_URL": f"smtp://127.0.0.1:{port}",
        "MAIL_FROM": "accounts@example.com",
        "PUBLIC_URL": "http://localhost",
    }
    controller.stop()


@pytest.fixture
async def app(settings: dict[str, str], make_app: MakeApp) -> Quart:
    """The application, with an account."""
    app = make_app(**settings)
    found = services_of(app)
    await users.create(
        found.database.transaction, found.passwords, email=BOB["email"], name="Bob", password=BOB["password"], site=""
    )
    return app


def sends(settings: dict[str, str], point: str = "") -> "subprocess.Popen[bytes]":
    """Start a process of its own that sends what is due, and is killed at this point."""
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, point],
        env=os.environ | settings | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )


def ended(process: "subprocess.Popen[bytes]") -> int:
    """Wait for its end, and return its exit status."""
    _, errors = process.communicate(timeout=120)
    assert not errors, errors.decode()
    return process.returncode


def killed(settings: dict[str, str], point: str) -> None:
    """Send what is due in a process of its own, which is killed at this point."""
    assert ended(sends(settings, point)) == -signal.SIGKILL


async def send_due(app: Quart) -> None:
    """Do what another process does next."""
    sender = services_of(app).sender
    assert sender
    await sender.send_due()


@pytest.mark.parametrize(("point", "mails"), [("claimed", 1), ("written", 1), ("taken", 2)])
async def test_a_mail_that_was_being_sent_is_sent_after_its_lease(
    app: Quart, settings: dict[str, str], handler: Handler, point: str, mails: int
) -> None:
    database = services_of(app).database
    async with database.transaction() as db:
        await outbox.queue(db, kind="reset", to=BOB["email"], now=(now := clock.now()))
    killed(settings, point)
    await send_due(app)
    assert len(handler.taken) == mails - 1, "it is still the dead process's"
    async with database.transaction() as db:
        await db.execute(update(Mail).values(due_at=now))
    for _ in range(2):
        await send_due(app)
    sent = [message_from_bytes(content, policy=SMTP) for _, _, content in handler.taken]
    assert (len(sent), len({mail["Message-ID"] for mail in sent})) == (mails, 1)
    links = {links_in(text_of(mail))[0] for mail in sent}
    assert len(links) == mails, "each try has a token of its own"
    for link in links:
        assert (await app.test_client().get(link)).status_code == 200


async def test_what_was_not_committed_is_not_sent(app: Quart, settings: dict[str, str], handler: Handler) -> None:
    killed(settings, "asked")
    await send_due(app)
    assert handler.taken == []
    async with services_of(app).database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Mail)) == 0
        assert await db.scalar(select(func.count()).select_from(MailToken)) == 0


@pytest.mark.slow
async def test_of_several_processes_one_sends_each_mail(app: Quart, settings: dict[str, str], handler: Handler) -> None:
    everybody = [f"nobody{number}@example.com" for number in range(12)]
    async with services_of(app).database.transaction() as db:
        for email in everybody:
            await outbox.queue(db, kind="deleted", to=email, now=clock.now())
    handler.pause = 0.1  # so that all of them have begun before the first is done
    processes = [sends(settings) for _ in range(3)]
    assert [await asyncio.to_thread(ended, process) for process in processes] == [0, 0, 0]
    assert sorted(to for _, (to,), _ in handler.taken) == sorted(everybody)
    async with services_of(app).database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Mail)) == 0
