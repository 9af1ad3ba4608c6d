"""Changes of address that wait for confirmation from the new address."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table."""
    moment = sa.DateTime(timezone=True)
    site.refuse_tables(op.get_bind(), ["email_change"])
    op.create_table(
        "email_change",
        sa.Column("user_id", sa.Integer, sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("new_email", sa.String(254), nullable=False),
        sa.Column("account_key", sa.String(1024), nullable=False),
        sa.Column("password_version", sa.Integer, nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False, index=True),
        sa.Column("code", sa.String(255)),
        sa.Column("code_expires_at", moment),
        sa.Column("code_tries", sa.Integer, nullable=False, server_default="0"),
    )
