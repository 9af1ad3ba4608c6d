"""Hashes and names that a SQLite file has as bytes, as Flask-Bcrypt returns hashes, become text."""

from alembic import op

from quart_auth_app.database.migrations import sqlite_values, triggers

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make them text. PostgreSQL's columns hold nothing else."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        with triggers.off(connection, "user"):
            sqlite_values.make_text(connection, "user", "password")
            sqlite_values.make_text(connection, "user", "name")
