"""The sender's index has only the mails that wait, so that failed ones don't slow it down."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Replace the index of all mails."""
    waiting = sa.text("failed IS NULL")
    op.drop_index("ix_mail_due_at_id", "mail")
    op.create_index("ix_mail_waiting", "mail", ["due_at", "id"], sqlite_where=waiting, postgresql_where=waiting)
