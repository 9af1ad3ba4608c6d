"""Indexes for the admins' search: by the beginning of an address, of a name, or of a name's last word.

They are in no model, because SQLAlchemy doesn't reflect indexes of expressions. `operations/search.py` uses the same
expressions.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

NAME = "substr(lower(name), 1, 64)"
LAST_WORD = "substr(lower(replace(name, rtrim(name, replace(name, ' ', '')), '')), 1, 64)"


def upgrade() -> None:
    """Create the indexes. PostgreSQL sorts by the rules of a language by default; prefix search needs byte order."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute('CREATE INDEX quart_auth_app_user_email_prefix ON "user" (email_key COLLATE "C", id)')
        op.execute(f'CREATE INDEX quart_auth_app_user_name ON "user" (({NAME}) COLLATE "C", id)')
        op.execute(f'CREATE INDEX quart_auth_app_user_last_word ON "user" (({LAST_WORD}) COLLATE "C", id)')
    else:
        op.execute(f'CREATE INDEX quart_auth_app_user_name ON "user" ({NAME}, id)')
        op.execute(f'CREATE INDEX quart_auth_app_user_last_word ON "user" ({LAST_WORD}, id)')
