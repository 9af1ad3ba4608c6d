"""The first schema; a database made by the tutorial's Flask application is taken over with its users."""

import unicodedata

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import UnusableDatabase

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, around the users that are there."""
    connection = op.get_bind()
    users = []
    if sa.inspect(connection).has_table("user"):
        users = _tutorials_users(connection)
        op.drop_table("user")
    _create_tables()
    if users:
        op.bulk_insert(sa.table("user", *map(sa.column, users[0])), users)
    if users and connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT setval(pg_get_serial_sequence('\"user\"', 'id'), max(id)) FROM \"user\""))


def _tutorials_users(connection: sa.Connection) -> list[dict[str, object]]:
    rows = connection.execute(sa.text('SELECT id, email, password, name FROM "user" ORDER BY id')).mappings()
    users = [dict(row) | {"email_key": _key(row["email"] or ""), "name": row["name"] or ""} for row in rows]
    problems = [f"user {user['id']} has no address or no password" for user in users if not _is_complete(user)]
    by_key: dict[object, list[str]] = {}
    for user in filter(_is_complete, users):
        by_key.setdefault(user["email_key"], []).append(f"{user['email']} (user {user['id']})")
    problems += [f"one and the same address: {' and '.join(same)}" for same in by_key.values() if len(same) > 1]
    if problems:
        raise UnusableDatabase("The users can't be taken over, nothing was changed. " + "; ".join(problems))
    return users


def _is_complete(user: dict[str, object]) -> bool:
    return bool(user["email"] and user["password"])


def _key(email: str) -> str:
    # As accounts.email_addresses.key was when this was written: what a migration does must not change afterwards.
    folded = email.strip()
    for _ in range(2):
        folded = unicodedata.normalize("NFKC", folded).casefold()
    return unicodedata.normalize("NFKC", folded)


def _create_tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "user",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("email_key", sa.String(1024), nullable=False, unique=True),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("password_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("name", sa.String(1000), nullable=False),
        sa.Column("disabled_at", moment),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_seen_at", moment, nullable=False, index=True),
        sa.Column("authenticated_at", moment, nullable=False),
        sa.Column("remember", sa.Boolean, nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(255), nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("ends_at", moment, nullable=False, index=True),
    )
