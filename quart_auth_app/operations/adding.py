"""Adding a person on the admin pages, as `user invite` does where mail is sent, and as `user add` does elsewhere."""

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import double_clicks, users
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User
from quart_auth_app.operations.acts import Admin


async def add(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    name: str,
    password: str,
    invites: bool,
    site: str,
    by: Admin,
) -> User:
    """Create an account, and note it in the activity of the admin too.

    With `invites` its owner chooses the password by a mailed link, and `password` is not looked at: no admin needs to
    know it. Raises what `users.invite` or `users.create` raises, and creates nobody then.
    """

    async def note(db: AsyncSession, user: User) -> None:
        now = clock.now()
        await by.insist(db)
        await activity.note(db, user_id=by.user_id, kind="admin_add", browser=by.browser, now=now, user=user.id)
        await double_clicks.store(db, by.browser, number=user.id, now=now)

    if invites:
        return await users.invite(transaction, passwords, email=email, name=name, also=note)
    return await users.create(transaction, passwords, email=email, name=name, password=password, site=site, also=note)
