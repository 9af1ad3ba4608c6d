"""Roles: granted and withdrawn, and an admin always stays."""

import asyncio
from datetime import UTC, datetime

import pytest

from quart_auth_app.accounts import deletion, roles, users
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.roles import LastAdmin, NoSuchRole, TooManyRoles
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import User
from tests.people import BOB, EVE, Accounts

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KNOWN = frozenset({"user", "admin", "accountant", "cook"})
HOME = Browser(address="192.0.2.1")


async def grant(database: Database, user: User, role: str = "admin") -> list[str]:
    """Grant the role. Return what roles the user has now, as the database says."""
    async with database.transaction() as db:
        await roles.grant(db, user=user, role=role, known=KNOWN, now=NOW)
    async with database.reading() as db:
        return (await db.get_one(User, user.id)).roles


async def test_a_new_user_has_no_role_but_that_of_everybody(accounts: Accounts, database: Database) -> None:
    bob = await accounts.sign_up(**BOB)
    async with database.reading() as db:
        assert (await db.get_one(User, bob.id)).roles == []
    assert roles.may({"roles": []}, "user")
    assert not roles.may({"roles": ["cook"]}, "admin")


@pytest.mark.parametrize("role", ["accountant", "cook"])
async def test_roles_are_granted_once_each_and_withdrawn(accounts: Accounts, database: Database, role: str) -> None:
    bob = await accounts.sign_up(**BOB)
    await grant(database, bob, role)
    assert await grant(database, bob, role) == [role]
    assert await grant(database, bob, "admin") == sorted(["admin", role])
    async with database.transaction() as db:
        await roles.withdraw(db, user=bob, role=role, known=KNOWN, now=NOW)
        await roles.withdraw(db, user=bob, role=role, known=KNOWN, now=NOW)
    assert bob.roles == ["admin"]


@pytest.mark.parametrize("role", ["", "user", "Admin", "kook", "admin cook", "a" * 300, "\0"])
async def test_only_roles_that_there_are_can_be_granted(accounts: Accounts, database: Database, role: str) -> None:
    bob = await accounts.sign_up(**BOB)
    with pytest.raises(NoSuchRole):
        await grant(database, bob, role)


async def test_a_role_that_the_site_names_no_more_can_be_withdrawn(accounts: Accounts, database: Database) -> None:
    bob = await accounts.sign_up(**BOB)
    await grant(database, bob, "cook")
    async with database.transaction() as db:
        await roles.withdraw(db, user=bob, role="cook", known=frozenset({"user", "admin"}), now=NOW)
    assert bob.roles == []


async def test_more_roles_than_the_column_holds_are_refused(accounts: Accounts, database: Database) -> None:
    bob = await accounts.sign_up(**BOB)
    many = [f"role-{number:026}" for number in range(10)]
    async with database.transaction() as db:
        for role in many[:8]:
            await roles.grant(db, user=bob, role=role, known=frozenset(many), now=NOW)
        with pytest.raises(TooManyRoles):
            await roles.grant(db, user=bob, role=many[8], known=frozenset(many), now=NOW)


@pytest.mark.parametrize("act", ["disable", "delete", "withdraw", "ask"])
async def test_the_last_admin_stays_whatever_is_tried(accounts: Accounts, database: Database, act: str) -> None:
    bob, eve = await accounts.sign_up(**BOB), await accounts.sign_up(**EVE)
    await grant(database, bob)
    await grant(database, eve)

    async def take_away(user: User) -> None:
        async with database.transaction() as db:
            match act:
                case "disable":
                    await users.disable(db, user=user, now=NOW)
                case "delete":
                    await users.delete_user(db, user=user)
                case "withdraw":
                    await roles.withdraw(db, user=user, role="admin", known=KNOWN, now=NOW)
                case _:
                    await deletion.ask(db, user_id=user.id, found=None, browser=HOME, now=NOW)

    # Of two who take each other away at the same moment, one is let.
    results = await asyncio.gather(take_away(bob), take_away(eve), return_exceptions=True)
    assert [type(each) for each in results if each] == [LastAdmin]
    left = bob if isinstance(results[0], LastAdmin) else eve
    for one_more in ("disable", "delete", "withdraw", "ask"):
        act = one_more
        with pytest.raises(LastAdmin):
            await take_away(left)
    async with database.reading() as db:
        user = await db.get_one(User, left.id)
        assert (user.roles, user.disabled_at, user.delete_at) == (["admin"], None, None)


async def test_an_operator_can_disable_even_the_last_admin(accounts: Accounts, database: Database) -> None:
    bob = await accounts.sign_up(**BOB)
    await grant(database, bob)
    async with database.transaction() as db:
        await users.disable(db, user=bob, now=NOW, even_last_admin=True)
    async with database.reading() as db:
        assert (await db.get_one(User, bob.id)).disabled_at
