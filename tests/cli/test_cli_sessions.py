"""The operator sees who is logged in, and ends it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from quart_auth_app.accounts import sessions
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Attempts, Session
from tests.cli.test_cli import Operator
from tests.conftest import MakeApp, services_of
from tests.databases import NewDatabase
from tests.people import BOB, EVE, Client, Clock, elsewhere, is_logged_in


class Site:
    """An application, its operator, and people with their browsers."""

    def __init__(self, url: str, make_app: MakeApp) -> None:
        self.operator = Operator(url)
        self.app = make_app(**self.operator.settings)

    @property
    def database(self) -> Database:
        """The database they share."""
        return services_of(self.app).database

    async def visit(self, person: dict[str, str], **form: str) -> Client:
        """Return a browser in which the person is logged in."""
        client: Client = self.app.test_client()
        await client.post("/signup", form=person)
        await client.post("/login", form=person | form, headers={"User-Agent": "Lynx"}, **elsewhere())
        assert await is_logged_in(client)
        return client


@pytest.fixture
def site(new_database: NewDatabase, make_app: MakeApp) -> Site:
    """A site that nobody has used."""
    return Site(new_database(), make_app)


async def test_the_list_says_who_since_when_and_from_where(site: Site, time: Clock) -> None:
    await site.visit(BOB, remember="on")
    time.advance(timedelta(minutes=5))
    await site.visit(EVE)
    heads, eve, bob = (await site.operator.later("session", "list")).stdout.splitlines()
    assert heads.split("  ")[0] == "ID"
    assert "2030-01-01T00:00:00+00:00  2030-01-01T00:00:00+00:00  yes         10." in bob
    assert eve.endswith("Lynx")
    assert "2030-01-01T00:05:00+00:00  no" in eve


async def test_the_list_for_scripts_has_all_but_the_hash(site: Site) -> None:
    await site.visit(BOB)
    printed = (await site.operator.later("session", "list", "--json")).stdout
    for column in set(Session.__table__.columns.keys()) - {
        "token_hash",
        "remember",
        "authenticated_at",
        "ends_at",
        "replaced_by",
        "methods",
    }:
        assert f'"{column}": ' in printed
    assert '"remembered": false' in printed
    assert "hash" not in printed


async def test_the_list_of_one_user(site: Site) -> None:
    await site.visit(BOB)
    await site.visit(EVE)
    printed = (await site.operator.later("session", "list", "--user", "EVE@example.com")).stdout
    assert EVE["email"] in printed
    assert BOB["email"] not in printed


async def test_a_user_agent_moves_no_cursor(site: Site) -> None:
    await site.visit(BOB)
    async with site.database.transaction() as db:
        (session, _) = (await sessions.active(db, now=datetime.now(UTC)))[0]
        session.user_agent = "\x1b[2J\x9b\u202e\n"
    printed = (await site.operator.later("session", "list")).stdout
    assert printed.endswith("  \\x1b[2J\\x9b\\u202e\\n\n")


async def test_a_revoked_session_is_refused_on_the_next_request_and_no_other(site: Site) -> None:
    first, second = await site.visit(BOB), await site.visit(BOB)
    await site.operator.later("session", "revoke", "1")
    assert [await is_logged_in(each) for each in (first, second)] == [False, True]


@pytest.mark.asvs("7.4.5")
async def test_all_sessions_of_one_user_are_revoked(site: Site) -> None:
    browsers = [await site.visit(BOB), await site.visit(BOB), await site.visit(EVE)]
    await site.operator.later("session", "revoke", "--user", BOB["email"])
    assert [await is_logged_in(each) for each in browsers] == [False, False, True]


@pytest.mark.asvs("7.4.5")
async def test_all_sessions_are_revoked(site: Site) -> None:
    browsers = [await site.visit(BOB), await site.visit(EVE)]
    await site.operator.later("session", "revoke", "--all")
    assert [await is_logged_in(each) for each in browsers] == [False, False]


@pytest.mark.parametrize("arguments", [[], ["1", "--all"], ["--all", "--user", "1"], ["0"], [str(2**31)], ["one"]])
async def test_what_to_revoke_is_said_once(site: Site, arguments: list[str]) -> None:
    browser = await site.visit(BOB)
    assert (await site.operator.later("session", "revoke", *arguments)).exit_code == 2
    assert await is_logged_in(browser)


async def test_what_has_expired_is_not_listed_and_pruned(site: Site, time: Clock) -> None:
    await site.visit(BOB)
    time.advance(sessions.IDLE)
    await site.visit(EVE)
    printed = (await site.operator.later("session", "list")).stdout
    assert BOB["email"] not in printed
    await site.operator.later("prune")
    async with site.database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Session)) == 1
        assert await db.scalar(select(func.count()).where(Attempts.ends_at <= time.now)) == 0


async def test_a_user_is_shown_with_sessions_and_the_last_visit(site: Site, time: Clock) -> None:
    await site.visit(BOB)
    time.advance(timedelta(minutes=5))
    await site.visit(BOB)
    printed = (await site.operator.later("user", "show", BOB["email"])).stdout
    assert printed.endswith("  2         2030-01-01T00:05:00+00:00\n")
