"""Access keys."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table."""
    moment = sa.DateTime(timezone=True)
    site.refuse_tables(op.get_bind(), ["access_key"])
    op.create_table(
        "access_key",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("beginning", sa.String(20), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("password_version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False, index=True),
        sa.Column("last_used_at", moment),
        sqlite_autoincrement=True,
    )
