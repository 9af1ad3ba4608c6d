"""Numbers of mail tokens are never reused: log-ins by mail point to them, and downloads show them."""

from alembic import op

from quart_auth_app.database.migrations import sqlite_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Alter the table in place."""
    if op.get_bind().dialect.name == "sqlite":  # PostgreSQL's sequences never give a number twice
        sqlite_tables.set_autoincrement(op.get_bind(), "mail_token")
