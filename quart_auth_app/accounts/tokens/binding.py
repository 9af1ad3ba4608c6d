"""What a stored token is bound to: its text, by a hash, and the account as it was when the token was issued."""

import hashlib

from sqlalchemy import ColumnElement, and_, or_

from quart_auth_app.accounts.tokens.lifetimes import CHANGE, UNDO
from quart_auth_app.models import MailToken, User


def is_of(token: str) -> ColumnElement[bool]:
    """Return the condition for this token's row."""
    return MailToken.token_hash == hash_of(token)


def hash_of(token: str) -> str:
    """Return what is stored of a token."""
    # A plain hash is enough, as nobody can guess 256 random bits.
    return hashlib.sha256(token.encode()).hexdigest()


def bound_to(user: User) -> dict[str, object]:
    """Return the values of the columns that bind a token to its account."""
    return {"user_id": user.id, "account_key": user.email_key, "password_version": user.password_version}


def is_unchanged() -> ColumnElement[bool]:
    """Return the condition that the account is enabled, and has the address and password of when the token was issued.

    An undo is bound to the account only: another change by the thief must not void it.
    """
    is_as_it_was = and_(
        User.email_key == MailToken.account_key,
        User.password_version == MailToken.password_version,
        # Another spelling with an equal key may be another mailbox.
        or_(MailToken.purpose == CHANGE, User.email == MailToken.sent_to),
    )
    return and_(User.disabled_at.is_(None), or_(MailToken.purpose == UNDO, is_as_it_was))
