"""The language that a user reads."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column."""
    site.refuse_columns(op.get_bind(), "user", ["language"])
    op.add_column("user", sa.Column("language", sa.String(35)))
