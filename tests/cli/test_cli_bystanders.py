"""Whatever an operator does to an account, no row of anybody else changes: neither of lower numbers nor of higher."""

import asyncio
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import Table, func, insert, select, update

from quart_auth_app import clock
from quart_auth_app.accounts.roles import ADMIN
from quart_auth_app.models import Mail, Session, User
from tests.bystanders import add_bystanders, add_rows, row, rows_of_bystanders
from tests.cli.test_cli import OTHER_PASSWORD, Operator
from tests.cli.test_cli_acts import ACTS
from tests.conftest import MakeApp, services_of
from tests.databases import NewDatabase
from tests.inbox import Inbox
from tests.people import BOB

COMMANDS = [
    *(" ".join([command, *arguments]) for command, (arguments, _) in ACTS.items()),
    "session revoke SESSION",
    "session revoke --all",
    "mail retry MAIL",
]
"""All that change something. SESSION and MAIL stand for numbers of rows of the one account that they are about."""

ABOUT_ALL = {"session revoke --all": {"session", "security_event"}, "mail retry": {"mail"}}
"""Commands that are about everybody's rows, and the tables of these."""

_sessions = cast(Table, Session.__table__)


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_changes_no_row_of_anybody_else(
    new_database: NewDatabase, make_app: MakeApp, inbox: Inbox, command: str
) -> None:
    operator = Operator(new_database(), MAIL_URL=inbox.url)
    await asyncio.to_thread(operator.add, BOB)
    database = services_of(make_app(**operator.settings)).database
    async with database.transaction() as db:
        at = clock.now() + timedelta(days=1000)  # so that nothing has expired or is due
        await add_rows(db, 1, at=at)
        await add_bystanders(db, at=at)
        await db.execute(update(User).values(roles=[ADMIN]))
        renewed = insert(Session).values(row(_sessions, 1, 2, at)).returning(Session.id)
        session = await db.scalar(select(func.min(Session.id)).where(Session.user_id == 1))
        await db.execute(update(Session).where(Session.id == session).values(replaced_by=await db.scalar(renewed)))
        mail = await db.scalar(select(Mail.id).where(Mail.user_id == 1, Mail.failed.is_not(None)))
    async with database.reading() as db:
        before = await rows_of_bystanders(db)
    assert all(before.values())
    typed = command.replace("SESSION", str(session)).replace("MAIL", str(mail)).split()
    assert (await operator.later(*typed, typed=OTHER_PASSWORD)).exit_code == 0
    async with database.reading() as db:
        after = await rows_of_bystanders(db)
    assert {table for table in before if before[table] != after[table]} == ABOUT_ALL.get(command, set())
