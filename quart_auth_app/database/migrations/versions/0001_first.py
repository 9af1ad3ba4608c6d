"""The first schema. The `user` table of a tutorial's site is altered in place; its other columns are the site's."""

import unicodedata

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import postgresql_tables, site, sqlite_tables, sqlite_values, triggers
from quart_auth_app.database.migrations.errors import UnusableDatabase

revision = "0001"
down_revision = None

TUTORIALS = ["id", "email", "password", "name"]
LENGTHS = {"email": 254, "password": 255, "name": 1000}
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, around the users that are there."""
    connection = op.get_bind()
    site.refuse_tables(connection, ["session", "attempts"])
    if sa.inspect(connection).has_table("user"):
        _take_over(connection)
    else:
        _create_user()
    _create_other_tables()


def _take_over(connection: sa.Connection) -> None:
    site.refuse_tables(connection, {"user"} & set(sa.inspect(connection).get_view_names()))
    if differs := _differs(connection):
        raise UnusableDatabase(f"Nothing was changed: the table user is not the tutorial's, {differs}")
    site.refuse_columns(connection, "user", ["email_key", "password_version", "disabled_at"])
    if connection.dialect.name == "sqlite":
        sqlite_tables.refuse_other_kinds(connection, "user")
        sqlite_values.refuse_numeric(connection, "user", "name")
    else:
        postgresql_tables.refuse_kin(connection, "user")
    users = _tutorials_users(connection)
    if connection.dialect.name == "postgresql":
        postgresql_tables.widen(connection, "user", LENGTHS)
        postgresql_tables.count_from_the_highest(connection, "user")
    op.add_column("user", sa.Column("email_key", sa.String(1024)))
    op.add_column("user", sa.Column("password_version", sa.Integer, nullable=False, server_default="0"))
    op.add_column("user", sa.Column("disabled_at", MOMENT))
    _fill(connection, users)
    _constrain(connection)


def _differs(connection: sa.Connection) -> str | None:
    """Return what is missing or has another case: SQLite finds a table "User" if asked for "user"."""
    inspector = sa.inspect(connection)
    if "user" not in inspector.get_table_names():
        return "which is a table and written in small letters"
    there = {each["name"] for each in inspector.get_columns("user")}
    return next((f"it has no {name}" for name in TUTORIALS if name not in there), None)


def _fill(connection: sa.Connection, users: list[dict[str, object]]) -> None:
    with triggers.off(connection, "user"):
        _fill_names(connection)
        if users:
            update = 'UPDATE "user" SET email_key = :email_key WHERE id = :id'
            connection.execute(sa.text(update), [{"id": user["id"], "email_key": user["email_key"]} for user in users])


def _fill_names(connection: sa.Connection) -> None:
    nameless = connection.execute(sa.text('SELECT id FROM "user" WHERE name IS NULL ORDER BY id')).scalars().all()
    if not nameless:
        return
    try:
        connection.execute(sa.text("UPDATE \"user\" SET name = '' WHERE name IS NULL"))
        if connection.dialect.name == "postgresql":  # it can't alter a table with pending deferred checks
            connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    except sa.exc.IntegrityError as error:
        who = " and ".join(f"user {number}" for number in nameless)
        raise UnusableDatabase(
            f"Nothing was changed: {who} has no name, which accounts need, and an empty one is refused: {error.orig}"
        ) from error


def _constrain(connection: sa.Connection) -> None:
    for column in ("email", "email_key"):
        if not site.is_unique(connection, "user", [column]):
            op.create_index(f"quart_auth_app_user_{column}", "user", [column], unique=True)
    filled = ["email", "email_key", "password", "name"]
    if connection.dialect.name == "sqlite":
        sqlite_tables.set_not_null(connection, "user", filled)
    else:
        for column in filled:
            op.alter_column("user", column, nullable=False)


def _tutorials_users(connection: sa.Connection) -> list[dict[str, object]]:
    not_unicode = sqlite_values.unreadable(connection, "user", "email") if connection.dialect.name == "sqlite" else []
    known = f"WHERE id NOT IN ({', '.join(map(str, not_unicode))})" if not_unicode else ""
    query = f'SELECT id, email, length(password) > 0 AS has_password FROM "user" {known} ORDER BY id'
    found = [dict(row) for row in connection.execute(sa.text(query)).mappings()]
    not_text = [*not_unicode, *(each["id"] for each in found if not _is_text(each["email"]))]
    problems = [f"the address of user {number} is no text" for number in not_text]
    users = [each | {"email_key": _key(each["email"] or "")} for each in found if _is_text(each["email"])]
    problems += [f"user {user['id']} has no address or no password" for user in users if not _is_complete(user)]
    by_key: dict[object, list[str]] = {}
    for user in filter(_is_complete, users):
        by_key.setdefault(user["email_key"], []).append(f"{user['email']} (user {user['id']})")
    problems += [f"one and the same address: {' and '.join(same)}" for same in by_key.values() if len(same) > 1]
    if problems:
        raise UnusableDatabase("The users can't be taken over, nothing was changed. " + "; ".join(problems))
    return users


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_complete(user: dict[str, object]) -> bool:
    return bool(user["email"] and user["has_password"])


def _key(email: str) -> str:
    # A copy of accounts.email_addresses.key as it was then: a migration must not change afterwards.
    folded = email.strip()
    for _ in range(2):
        folded = unicodedata.normalize("NFKC", folded).casefold()
    return unicodedata.normalize("NFKC", folded)


def _create_user() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("email_key", sa.String(1024), nullable=False, unique=True),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("password_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("name", sa.String(1000), nullable=False),
        sa.Column("disabled_at", MOMENT),
    )


def _create_other_tables() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False, index=True),
        sa.Column("authenticated_at", MOMENT, nullable=False),
        sa.Column("remember", sa.Boolean, nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(255), nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False, index=True),
    )
