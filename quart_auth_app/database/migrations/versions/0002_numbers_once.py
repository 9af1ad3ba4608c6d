"""No number is given twice; addresses have one normal form; when accounts were made and last used."""

import re
import unicodedata

import idna
import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site, sqlite_tables, triggers
from quart_auth_app.database.migrations.errors import UnusableDatabase

revision = "0002"
down_revision = "0001"

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def upgrade() -> None:
    """Alter the tables in place."""
    connection = op.get_bind()
    site.refuse_columns(connection, "user", ["created_at", "last_log_in_at"])
    changed = _changed_keys(connection)
    op.add_column("user", sa.Column("created_at", sa.DateTime(timezone=True)))
    op.add_column("user", sa.Column("last_log_in_at", sa.DateTime(timezone=True)))
    _rewrite(connection, changed)
    if connection.dialect.name == "sqlite":  # PostgreSQL's sequences never give a number twice
        sqlite_tables.set_autoincrement(connection, "user")
        sqlite_tables.set_autoincrement(connection, "session")


def _changed_keys(connection: sa.Connection) -> list[dict[str, object]]:
    users = connection.execute(sa.text('SELECT id, email, email_key FROM "user" ORDER BY id')).all()
    by_key: dict[str, list[str]] = {}
    for number, email, _ in users:
        by_key.setdefault(_key(email), []).append(f"{email} (user {number})")
    same = [" and ".join(each) for each in by_key.values() if len(each) > 1]
    if same:
        raise UnusableDatabase(
            "Nothing was changed: these accounts have one and the same address, delete one or change its address. "
            + "; ".join(same)
        )
    return [{"id": number, "key": _key(email)} for number, email, key in users if key != _key(email)]


def _rewrite(connection: sa.Connection, changed: list[dict[str, object]]) -> None:
    if not changed:
        return
    with triggers.off(connection, "user"):
        # In two steps, over keys that nobody has: the new key of one user may be the old key of another.
        between = [{"id": each["id"], "key": f" {each['id']}"} for each in changed]
        for keys in (between, changed):
            connection.execute(sa.text('UPDATE "user" SET email_key = :key WHERE id = :id'), keys)


def _key(email: str) -> str:
    # A copy of accounts.email_addresses.key as it was then: a migration must not change afterwards.
    email = email.strip()
    if "@" not in email:
        email = _folded(email)
    local, at, domain = email.rpartition("@")
    return _folded(local) + at + _domain(domain)


def _domain(domain: str) -> str:
    return _a_labels(domain) or _a_labels(_folded(domain)) or _folded(domain)


def _a_labels(domain: str) -> str | None:
    if len(domain) > 253:
        return None
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False, transitional=False)
        return ".".join(idna.alabel(label).decode() for label in mapped.split("."))
    except UnicodeError:
        return None


def _folded(text: str) -> str:
    for _ in range(2):
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).strip()
