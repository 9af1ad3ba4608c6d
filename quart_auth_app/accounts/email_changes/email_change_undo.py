"""Undoing a change of address, which a thief may have made, by a link that was mailed to the former address."""

from quart_auth_app.accounts import double_clicks, outbox, tokens
from quart_auth_app.accounts.credentials import passkeys, second_step
from quart_auth_app.accounts.errors import EmailTaken
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.recovery import Choice, accepted, forget_identities, give_password
from quart_auth_app.accounts.signing_up import taken
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User


async def undo(transaction: UnitOfWork, passwords: Passwords, *, choice: Choice) -> tuple[User, str]:
    """Give the account back to the person who reads its former address's mail. Returns the user and that address.

    The account gets its former address and the new password. All sessions are revoked, everything pending is void, and
    a scheduled deletion is cancelled. A second step, passkeys and accounts at providers from since the change are
    removed. The undo links of this change and of later ones are void.

    Raises LinkInvalid, LinkUsed, InvalidPassword or TooBusy, and EmailTaken if another account has the address by now.
    """
    user, password_hash = await accepted(transaction, passwords, tokens.UNDO, choice)
    token, now, browser = choice.token, choice.now, choice.browser
    async with transaction() as db:
        email = (await tokens.look(db, token=token, purpose=tokens.UNDO, now=now)).sent_to
    async with taken.refused(transaction, email=email, error=EmailTaken, but=user.id), transaction() as db:
        consumed = await tokens.consume(db, token=token, purpose=tokens.UNDO, now=now)
        await tokens.void_undo(db, user_id=user.id, since=consumed.expires_at)
        as_before = {"email": email, "email_key": email_addresses.key(email), "verified_at": now, "delete_at": None}
        await give_password(db, user, password_hash, **as_before)
        changed_at = consumed.expires_at - tokens.LIFETIMES[tokens.UNDO]
        await second_step.turn_off_since(db, user_id=user.id, since=changed_at, browser=browser, now=now)
        await passkeys.remove_since(db, user_id=user.id, since=changed_at, browser=browser, now=now)
        await forget_identities(db, user, since=changed_at)
        await activity.note(db, user_id=user.id, kind="email_change_undone", browser=browser, now=now)
        await double_clicks.store(db, browser, number=user.id, now=now)
        # The former address gets the notice by `activity.note`; this one is for the address that has lost the account.
        await outbox.queue(db, kind="email_change_undone", to=user.email, user_id=user.id, now=now, browser=browser)
    return user, email
