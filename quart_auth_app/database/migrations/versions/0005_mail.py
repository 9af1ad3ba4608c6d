"""Mail: the outbox, the tokens of links, and sign-ups that wait for their address to be confirmed."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "0005"
down_revision = "0004"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    site.refuse_tables(op.get_bind(), ["sign_up", "mail", "mail_token"])
    _create_sign_up()
    _create_mail()
    _create_mail_token()


def _create_sign_up() -> None:
    op.create_table(
        "sign_up",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(1024), nullable=False, index=True),
        sa.Column("name", sa.String(1000), nullable=False),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, index=True),
        sa.Column("code", sa.String(255)),
        sa.Column("code_expires_at", MOMENT),
        sa.Column("code_tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("password_tries", sa.Integer, nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )


def _create_mail() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("to_address", sa.String(254), nullable=False),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("user.id", ondelete="CASCADE"), index=True),
        sa.Column("sign_up_id", sa.Integer, sa.ForeignKey("sign_up.id", ondelete="CASCADE"), index=True),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("give_up_at", MOMENT, nullable=False),
        sa.Column("failed", sa.String(255)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_due_at_id", "mail", ["due_at", "id"])


def _create_mail_token() -> None:
    op.create_table(
        "mail_token",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("user.id", ondelete="CASCADE"), index=True),
        sa.Column("sign_up_id", sa.Integer, sa.ForeignKey("sign_up.id", ondelete="SET NULL"), index=True),
        sa.Column("sent_to", sa.String(254), nullable=False),
        sa.Column("account_key", sa.String(1024), nullable=False),
        sa.Column("password_version", sa.Integer, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("used_at", MOMENT),
    )
