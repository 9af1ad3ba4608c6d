"""Indexes by which admins find people: what an address, a name, or a name's last word begins with.

They are in no model: SQLAlchemy doesn't read indexes of expressions back. `operations/search.py` has the same
expressions.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

NAME = "substr(lower(name), 1, 64)"
LAST_WORD = "substr(lower(replace(name, rtrim(name, replace(name, ' ', '')), '')), 1, 64)"


def upgrade() -> None:
    """Create the indexes. PostgreSQL's own order of words is that of a language; beginnings need that of bytes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute('CREATE INDEX quart_auth_app_user_email_prefix ON "user" (email_key COLLATE "C", id)')
        op.execute(f'CREATE INDEX quart_auth_app_user_name ON "user" (({NAME}) COLLATE "C", id)')
        op.execute(f'CREATE INDEX quart_auth_app_user_last_word ON "user" (({LAST_WORD}) COLLATE "C", id)')
    else:
        op.execute(f'CREATE INDEX quart_auth_app_user_name ON "user" ({NAME}, id)')
        op.execute(f'CREATE INDEX quart_auth_app_user_last_word ON "user" ({LAST_WORD}, id)')
