"""Roles."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column, and a partial index of the users who have a role."""
    site.refuse_columns(op.get_bind(), "user", ["roles"])
    op.add_column("user", sa.Column("roles", sa.String(255), nullable=False, server_default=""))
    some = sa.text("roles <> ''")
    op.create_index("quart_auth_app_user_roles", "user", ["roles"], sqlite_where=some, postgresql_where=some)
