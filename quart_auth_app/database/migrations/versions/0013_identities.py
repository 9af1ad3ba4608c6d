"""Accounts at providers."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the table."""
    moment = sa.DateTime(timezone=True)
    site.refuse_tables(op.get_bind(), ["identity"])
    op.create_table(
        "identity",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_used_at", moment),
        sa.UniqueConstraint("issuer", "subject"),
        sa.UniqueConstraint("user_id", "issuer"),
        sqlite_autoincrement=True,
    )
