"""Owners are reminded before the deletion of their account, and the site's code is told afterwards."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0014"
down_revision = "0013"

NOT_ANNOUNCED = sa.text("announce_at IS NOT NULL")


def upgrade() -> None:
    """Add the columns. Users who were deleted before count as announced."""
    moment = sa.DateTime(timezone=True)
    site.refuse_columns(op.get_bind(), "user", ["deletion_told_at"])
    op.add_column("user", sa.Column("deletion_told_at", moment))
    op.add_column("deleted_user", sa.Column("announce_at", moment))
    op.create_index(
        "quart_auth_app_deleted_user_announce_at",
        "deleted_user",
        ["announce_at"],
        sqlite_where=NOT_ANNOUNCED,
        postgresql_where=NOT_ANNOUNCED,
    )
