"""How often people sign up, log in and are refused, by day."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the table."""
    site.refuse_tables(op.get_bind(), ["daily_count"])
    op.create_table(
        "daily_count",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("event", sa.String(40), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
