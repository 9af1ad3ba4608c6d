"""Logging in by mail."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table."""
    moment = sa.DateTime(timezone=True)
    site.refuse_tables(op.get_bind(), ["mailed_log_in"])
    op.create_table(
        "mailed_log_in",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("remember", sa.Boolean(), nullable=False),
        sa.Column("created_at", moment, nullable=False, index=True),
        sa.Column("token_id", sa.Integer(), sa.ForeignKey("mail_token.id", ondelete="SET NULL"), index=True),
        sa.Column("code", sa.String(255)),
        sa.Column("code_expires_at", moment),
        sa.Column("code_tries", sa.Integer(), nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )
