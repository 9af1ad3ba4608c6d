"""What the account's own pages need: proven addresses, deletion, renewed sessions, and the user's own log."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Alter the tables in place, and add two."""
    connection = op.get_bind()
    site.refuse_tables(connection, ["security_event", "deleted_user"])
    site.refuse_columns(connection, "user", ["verified_at", "delete_at"])
    op.add_column("user", sa.Column("verified_at", MOMENT))
    op.add_column("user", sa.Column("delete_at", MOMENT))
    op.create_index("quart_auth_app_user_delete_at", "user", ["delete_at"])
    op.add_column("session", sa.Column("methods", sa.String(100), nullable=False, server_default="password"))
    op.add_column("session", sa.Column("ends_at", MOMENT))
    op.add_column("session", sa.Column("replaced_by", sa.Integer))
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "security_event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(60), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_security_event_user_id_id", "security_event", ["user_id", "id"])
    op.create_table(
        "deleted_user",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
    )
