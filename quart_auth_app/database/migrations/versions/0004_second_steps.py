"""Authenticator apps, recovery codes, and log-ins that wait for one of them."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    connection = op.get_bind()
    moment = sa.DateTime(timezone=True)
    site.refuse_tables(connection, ["totp", "recovery_code", "pending_log_in"])
    op.create_table(
        "totp",
        sa.Column("user_id", sa.Integer(), _user(), primary_key=True),
        sa.Column("seed", sa.LargeBinary()),
        sa.Column("last_step", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("confirmed_at", moment),
        sa.Column("new_seed", sa.LargeBinary()),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("user_id", sa.Integer(), _user(), nullable=False, index=True),
        sa.Column("code_hash", sa.String(64), nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pending_log_in",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("user_id", sa.Integer(), _user(), nullable=False, index=True),
        sa.Column("password_version", sa.Integer(), nullable=False),
        sa.Column("methods", sa.String(100), nullable=False),
        sa.Column("remember", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("expires_at", moment, nullable=False, index=True),
        sqlite_autoincrement=True,
    )


def _user() -> sa.ForeignKey:
    return sa.ForeignKey("user.id", ondelete="CASCADE")
