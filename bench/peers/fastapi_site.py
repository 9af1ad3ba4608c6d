"""fastapi-users with the database strategy and a cookie: token and user are looked up for each logged-in request.

It has no pages, so all answers are JSON: what a browser's script would turn into pages.
"""

import os
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, CookieTransport
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase, SQLAlchemyBaseAccessTokenTableUUID
from pwdlib import PasswordHash
from pwdlib.hashers.bcrypt import BcryptHasher
from sqlalchemy import String, create_engine, event, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench import people
from bench.peers import ROUNDS


class Base(DeclarativeBase):
    """What both tables have in common."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """A person with an account."""

    name: Mapped[str] = mapped_column(String(100))


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """One log-in."""


class Shown(schemas.BaseUser[UUID]):
    """What others see of a user."""

    name: str


class Wanted(schemas.BaseUserCreate):
    """What a new account needs."""

    name: str


class UserManager(UUIDIDMixin, BaseUserManager[User, UUID]):
    """The manager that fastapi-users asks for."""


engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['DATABASE']}")
event.listen(engine.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode = WAL"))
new_session = async_sessionmaker(engine, expire_on_commit=False)
hashes = PasswordHelper(PasswordHash((BcryptHasher(rounds=ROUNDS),)))


async def session() -> AsyncIterator[AsyncSession]:
    """Give a session to each request."""
    async with new_session() as opened:
        yield opened


Db = Annotated[AsyncSession, Depends(session)]


async def user_manager(db: Db) -> UserManager:
    """Give a manager to each request."""
    return UserManager(SQLAlchemyUserDatabase(db, User), hashes)


def strategy(db: Db) -> DatabaseStrategy[User, UUID, AccessToken]:
    """Keep tokens in the database."""
    return DatabaseStrategy(SQLAlchemyAccessTokenDatabase(db, AccessToken), lifetime_seconds=86_400)


backend = AuthenticationBackend("cookie", CookieTransport(cookie_secure=False), strategy)
users = FastAPIUsers[User, UUID](user_manager, [backend])
app = FastAPI()
app.include_router(users.get_auth_router(backend), prefix="/auth")
app.include_router(users.get_register_router(Shown, Wanted), prefix="/auth")


@app.get("/")
async def index() -> dict[str, str]:
    """Answer what the home page says."""
    return {"title": "Home", "text": "Accounts in FastAPI."}


@app.get("/profile")
async def profile(user: Annotated[User, Depends(users.current_user(active=True))]) -> dict[str, Any]:
    """Greet the user by name."""
    return {"title": f"Welcome, {user.name}!"}


def prepare(count: int) -> None:
    """Make the database."""
    password = hashes.hash(people.PASSWORD)
    made = create_engine(f"sqlite:///{os.environ['DATABASE']}")
    Base.metadata.create_all(made)
    rows = [
        {"id": uuid4(), "email": people.email(number), "name": f"Person {number}", "hashed_password": password}
        for number in range(count)
    ]
    with made.begin() as connection:
        connection.execute(insert(User), rows)
