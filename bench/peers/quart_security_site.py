"""quart-security with its own log-in page and Argon2: each logged-in request looks up session and user."""

import os
from datetime import datetime

from quart import Quart, render_template
from quart_security import (
    RoleMixin,
    Security,
    SecurityState,
    SQLAlchemyUserDatastore,
    UserMixin,
    auth_required,
    current_user,
    hash_password,
)
from sqlalchemy import JSON, Column, ForeignKey, LargeBinary, String, Table, create_engine, insert, make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from bench import people

URL = make_url(os.environ["DATABASE_URL"])
DRIVERS = {"sqlite": ("sqlite+aiosqlite", "sqlite"), "postgresql": ("postgresql+asyncpg", "postgresql+psycopg")}
SECRET_KEY = "only for measuring, on loopback, for as long as a run takes"


class Base(DeclarativeBase):
    """What the tables have in common."""


roles_users = Table(
    "roles_users",
    Base.metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(RoleMixin, Base):
    """What somebody may do."""

    __tablename__ = "role"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)


class WebAuthnCredential(Base):
    """A passkey."""

    __tablename__ = "webauthn_credential"
    id: Mapped[int] = mapped_column(primary_key=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1024), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(64))
    usage: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(ForeignKey("user.fs_webauthn_user_handle"))


class User(UserMixin, Base):
    """A person with an account: the fields that the manual lists."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    fs_webauthn_user_handle: Mapped[str | None] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    password: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    failed_login_count: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    current_login_at: Mapped[datetime | None]
    last_login_ip: Mapped[str | None] = mapped_column(String(64))
    current_login_ip: Mapped[str | None] = mapped_column(String(64))
    login_count: Mapped[int] = mapped_column(default=0)
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(JSON)
    roles: Mapped[list[Role]] = relationship(secondary=roles_users)
    webauthn: Mapped[list[WebAuthnCredential]] = relationship()


def create_app() -> Quart:
    """Return the application."""
    app = Quart(__name__, template_folder="quart_security_templates")
    app.config.update(SECRET_KEY=SECRET_KEY, SECURITY_POST_LOGIN_VIEW="/profile")
    engine = create_async_engine(URL.set(drivername=DRIVERS[URL.get_backend_name()][0]))
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    Security(app, SQLAlchemyUserDatastore(sessions, User, Role, webauthn_model=WebAuthnCredential))

    @app.get("/")
    async def index() -> str:
        return await render_template("index.html")

    @app.get("/profile")
    @auth_required("session")
    async def profile() -> str:
        return await render_template("profile.html", name=current_user.name)

    return app


def prepare(users: int) -> None:
    """Create the tables and the users."""
    password = hash_password(people.PASSWORD, app=create_app())
    engine = create_engine(URL.set(drivername=DRIVERS[URL.get_backend_name()][1]))
    Base.metadata.create_all(engine)
    SecurityState.metadata.create_all(engine)
    rows = [
        {"fs_uniquifier": f"{number:032}", "email": people.email(number), "name": f"Person {number}"}
        for number in range(users)
    ]
    with engine.begin() as connection:
        connection.execute(insert(User).values(password=password), rows)
