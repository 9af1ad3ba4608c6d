"""A site's own fields: columns that it has added to the user and that people fill in themselves."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.accounts.fields.own_field import OwnField, OwnFieldRefused, OwnFieldTaken
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User, columns_of
from quart_auth_app.models.own_fields import KEY


def fields() -> list[OwnField]:
    """Return the fields of the account's page, in the order of the columns."""
    columns = {name: attribute.property.columns[0] for name, attribute in columns_of(User).items()}
    found = [(name, column, column.info[KEY]) for name, column in columns.items() if KEY in column.info]
    return [
        OwnField(name, form.label, form.on_sign_up, column, form.is_required, form.check)
        for name, column, form in found
    ]


def on_sign_up() -> list[OwnField]:
    """Return the fields of the sign-up form."""
    return [each for each in fields() if each.on_sign_up]


def values(texts: Mapping[str, str], fields: Sequence[OwnField]) -> dict[str, Any]:
    """Return the values of the typed texts, by column name. Raises OwnFieldRefused or a child of it."""
    return {each.name: each.value(texts.get(each.name, "")) for each in fields}


def readable(texts: Mapping[str, str]) -> tuple[dict[str, Any], list[OwnField]]:
    """Return the values of texts that were typed some time ago, and the fields whose text is not valid any more."""
    found: dict[str, Any] = {}
    dropped = []
    for each in on_sign_up():
        try:
            found[each.name] = each.value(texts[each.name]) if each.name in texts else None
        except OwnFieldRefused:
            dropped.append(each)
    return {name: value for name, value in found.items() if value is not None}, dropped


async def store(db: AsyncSession, *, user_id: int, values: Mapping[str, Any]) -> None:
    """Store these values for the user."""
    columns = {each.name: each.column for each in fields()}
    if values:
        query = update(User.__table__).where(User.__table__.c.id == user_id)  # type: ignore[arg-type]  # SQLAlchemy types it as FromClause
        await db.execute(query.values({columns[name]: value for name, value in values.items()}))


async def change(transaction: UnitOfWork, *, found: Found, values: Mapping[str, Any]) -> None:
    """Store these values for the session's user.

    Raises OwnFieldTaken if another account has a value that must be unique, or SessionRevoked.
    """
    user_id = found.user["id"]
    async with refused_if_taken(transaction, values=values, but=user_id), transaction() as db:
        await ways_in.hold(db, found=found)
        await store(db, user_id=user_id, values=values)


@asynccontextmanager
async def refused_if_taken(transaction: UnitOfWork, *, values: Mapping[str, Any], but: int = 0) -> AsyncIterator[None]:
    """Raise OwnFieldTaken if the block's transaction fails because another user than `but` has one of `values`."""
    try:
        yield
    except IntegrityError:
        async with transaction() as db:
            await insist_on_free(db, values=values, but=but)
        raise


async def insist_on_free(db: AsyncSession, *, values: Mapping[str, Any], but: int = 0) -> None:
    """Raise OwnFieldTaken if another user than `but` has a value that must be unique."""
    for each in fields():
        value = values.get(each.name)
        if not each.column.unique or value is None:  # NULL is never taken
            continue
        if await db.scalar(select(User.id).where(each.column == value, User.id != but).limit(1)):
            raise OwnFieldTaken(each)
