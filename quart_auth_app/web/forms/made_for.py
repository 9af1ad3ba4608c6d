"""Refuses a form of a page that was made for another account.

Tabs of a browser share its cookies. Who logs out in one tab and logs in to another account there may still have a page
of the first account in another tab. Its buttons would act on the second account, for example delete it.
"""

from collections.abc import Set

from quart import Quart, Request, has_request_context, request

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.web.edge import hooks
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.identity.current_user import current_user

FIELD = "made_for"
"""The hidden field with the number of the account that the page was made for. Forms of strangers have none."""


class MadeForAnother(AccountError):
    """The form is on a page that was made for another account than the one that is logged in."""


def init_app(app: Quart, *, blueprints: Set[str]) -> None:
    """Check the forms that are sent to these blueprints."""

    async def check_ours(asked: Request) -> None:
        if not blueprints.isdisjoint(asked.blueprints):
            await check()

    hooks.before_request(app, check_ours)


async def check() -> None:
    """Raise MadeForAnother if this request is a form of a page that was made for another account."""
    if not has_request_context() or request.method in SAFE_METHODS:
        return
    number = (await request.form).get(FIELD)
    if number and await current_user.is_authenticated and number != str(current_user.id):
        raise MadeForAnother(email=current_user.email)
