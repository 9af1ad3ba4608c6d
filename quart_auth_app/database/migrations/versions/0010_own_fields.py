"""What is typed into a site's own fields at sign-up."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column to the sign-ups that wait."""
    site.refuse_columns(op.get_bind(), "sign_up", ["own"])
    op.add_column("sign_up", sa.Column("own", sa.JSON(), nullable=False, server_default="{}"))
