"""Forms that do something once: the second click of a double click gets the answer of the first."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Unpack

from quart.typing import ResponseReturnValue
from quart_auth import Unauthorized

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.web.forms.form import Form, P, Parts, View
from quart_auth_app.web.forms.second_click import made_before, store_form_key

Again = Callable[[int], Awaitable[ResponseReturnValue | None]]


class OnceForm(Form):
    """A form whose second click would be refused, because the first has done it.

    `sender` returns a text that tells apart people who may send equal fields; it must be the same before and after the
    first click. The other arguments are those of `Form`.
    """

    def __init__(self, page: str, *fields: str, sender: Callable[[], str] = str, **parts: Unpack[Parts]) -> None:
        super().__init__(page, *fields, **parts)
        self._sender = sender
        self._again: Again | None = None

    def handles(self, view: View[P]) -> View[P]:
        """Decorate a route: a second click gets the answer of the first; any other refusal shows the form again."""
        return super().handles(self.knows_second_click(view))

    def knows_second_click(self, view: View[P]) -> View[P]:
        """Decorate a route without `handles`: a second click gets the answer of the first one."""

        @wraps(view)
        async def handler(*arguments: P.args, **named: P.kwargs) -> ResponseReturnValue:
            await store_form_key(self._sender())
            try:
                return await view(*arguments, **named)
            except (AccountError, Unauthorized):
                if answer := await self.answered_again():
                    return answer
                raise

        return handler

    def again(self, answer: Again) -> Again:
        """Decorate the function that gives a second click the answer of the first one.

        It gets the number of what the first click has made. If it returns None, the second click is refused.
        """
        self._again = answer
        return answer

    async def answered_again(self) -> ResponseReturnValue | None:
        """Return the answer for a second click, None if this is none."""
        number = await made_before() if self._again else None
        return await self._again(number) if self._again and number is not None else None
