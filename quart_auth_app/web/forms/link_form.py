"""Forms on pages of mailed links. The link's token is the page's whole query string, and a field of the form."""

from quart import redirect, request, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app.accounts.errors import AccountError, LinkInvalid, LinkUsed
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.forms.fields import LIMITS
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.refusals import log_refusal


async def link_token() -> str:
    """Return the token from the link, or from the form on its page; "" if it can't be one."""
    token = (await request.form).get("token") or request.query_string.decode("latin-1")
    return token if len(token) <= LIMITS["token"] and token.isascii() and token.isalnum() else ""


class LinkForm(OnceForm):
    """A form that returns to its link, which can be used once."""

    async def refuse(self, error: AccountError) -> ResponseReturnValue:
        """Redirect to the page of the link, which itself says what is wrong with the link."""
        if isinstance(error, LinkInvalid | LinkUsed) and not wants_json():
            log_refusal(error)
            return redirect(await self._address())
        return await super().refuse(error)

    async def _address(self) -> str:
        return f"{url_for(self._page)}?{await link_token()}"
