"""Forms on pages that a mailed link leads to. The link's token is the page's whole query, and a field of its form."""

from quart import redirect, request, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app.accounts.errors import AccountError, LinkInvalid, LinkUsed
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.forms.fields import LIMITS
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.refusals import note


async def link_token() -> str:
    """Return the token of the link that was followed, or of the form on its page; "" if what is there can't be one."""
    token = (await request.form).get("token") or request.query_string.decode("latin-1")
    return token if len(token) <= LIMITS["token"] and token.isascii() and token.isalnum() else ""


class LinkForm(Form):
    """A form that goes back to the link it came from."""

    async def refuse(self, error: AccountError) -> ResponseReturnValue:
        """Go back to the page of the link; what is wrong with the link itself is said by that page."""
        if isinstance(error, LinkInvalid | LinkUsed) and not wants_json():
            note(error)
            return redirect(await self._address())
        return await super().refuse(error)

    async def _address(self) -> str:
        return f"{url_for(self._page)}?{await link_token()}"
