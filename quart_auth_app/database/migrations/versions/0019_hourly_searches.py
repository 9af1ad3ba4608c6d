"""Failed mails have an index of their own. Nothing searches by the two others, which each use of a session wrote to."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Replace the indexes."""
    failed = sa.text("failed IS NOT NULL")
    op.create_index("ix_mail_failed", "mail", ["give_up_at", "id"], sqlite_where=failed, postgresql_where=failed)
    op.drop_index("ix_session_last_seen_at", "session")
    op.drop_index("ix_access_key_expires_at", "access_key")
