"""Forms: each has its fields, and the page to return to after a refusal (Post/Redirect/Get)."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec, TypedDict

from quart import current_app, g, make_response, redirect, request, session, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app.accounts.errors import AccountError, TryLater
from quart_auth_app.accounts.fields.own_field import OwnField
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import is_secret, read_fields, read_optional
from quart_auth_app.web.forms.flashes import flash_one, keep_typed
from quart_auth_app.web.refusals import log_refusal, refusal, status_of
from quart_auth_app.web.sentences import field_note, sentence

P = ParamSpec("P")
View = Callable[P, Awaitable[ResponseReturnValue]]


class Parts(TypedDict, total=False):
    """What a form may have beside its fields, see `Form`."""

    optional: tuple[str, ...]
    ticks: tuple[str, ...]
    section: str | None
    own: Callable[[], list[OwnField]]


class Form:
    """A form: `page` is the endpoint of the page that shows it.

    `fields` are the names of its text fields, `optional` those that may be missing, `ticks` those of its checkboxes.

    If the page has several forms, `section` is the id of the part of the page with this one: messages are shown there,
    and a refusal leads there.

    `own` returns the site's own fields of the form.

    `@form.handles` goes directly on the route that takes the form, below `login_required`.
    """

    def __init__(
        self,
        page: str,
        *fields: str,
        optional: tuple[str, ...] = (),
        ticks: tuple[str, ...] = (),
        section: str | None = None,
        own: Callable[[], list[OwnField]] = list,
    ) -> None:
        self._page = page
        self.fields = fields
        self.optional = optional
        self.ticks = ticks
        self._section = section
        self.own = own

    async def read(self) -> dict[str, str]:
        """Return the fields' values, "" for optional ones. Raises FieldMissing, FieldTooLong or FieldNotText."""
        return await read_fields(*self.fields) | {name: await read_optional(name) for name in self.optional}

    def handles(self, view: View[P]) -> View[P]:
        """Decorate a route: every refusal in it shows the form again, filled with what was typed."""

        @wraps(view)
        async def handler(*arguments: P.args, **named: P.kwargs) -> ResponseReturnValue:
            try:
                return await view(*arguments, **named)
            except AccountError as error:
                return await self.answer(error)

        handler.form = self  # type: ignore[attr-defined]  # for web/api/openapi_bodies.py
        return handler

    async def answer(self, error: AccountError) -> ResponseReturnValue:
        """Answer a refusal with the form, filled with what was typed."""
        # Programs and proxies must see these statuses: 429 and 503 tell them to wait. A redirect would hide them.
        needs_status = isinstance(error, TryLater) or status_of(error) == HTTPStatus.NOT_FOUND
        return await (self._show_again(error) if needs_status else self.refuse(error))

    async def refuse(self, error: AccountError) -> ResponseReturnValue:
        """Redirect to the form, with the sentence above it. In JSON: the refusal itself."""
        if wants_json():
            log_refusal(error)
            return await refusal(error)
        await self._keep_for_page(error)
        return redirect(await self._address())

    async def _show_again(self, error: AccountError) -> ResponseReturnValue:
        if wants_json():
            return await self.refuse(error)
        before = dict(session)
        await self._keep_for_page(error)
        g.page_of_form = await self._address()
        view = current_app.ensure_async(current_app.view_functions[self._page])
        response = await make_response(await view(**self._page_arguments()))
        if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            # The page leads somebody on who is logged in already. A redirect would hide the status.
            session.clear()
            session.update(before)
            return await refusal(error)
        response.status_code = status_of(error)
        if isinstance(error, TryLater):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    async def _keep_for_page(self, error: AccountError) -> None:
        log_refusal(error)
        open_fields = [name for name in self.fields if not is_secret(name)] + [each.name for each in self.own()]
        await keep_typed(open_fields, ticks=self.ticks, refused=error.field, note=field_note(error))
        await flash_one(sentence(error), error.code, section=self._section)

    async def done(self, sentence: str) -> ResponseReturnValue:
        """Redirect to the page, with a sentence that says what was done."""
        await flash_one(sentence, "success", section=self._section)
        return redirect(url_for(self._page, **self._page_arguments(), _anchor=self._section))

    async def _address(self) -> str:
        return url_for(self._page, **self._page_arguments(), next=await next_page.wanted(), _anchor=self._section)

    def page_for(self, arguments: Mapping[str, Any]) -> str:
        """Return the URL of the page with this form, for these arguments of the route that takes the form."""
        return url_for(self._page, **self._wanted(arguments))

    def _page_arguments(self) -> dict[str, Any]:
        return self._wanted(request.view_args or {})

    def _wanted(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        rules = current_app.url_map.iter_rules(self._page)
        wanted = {name for rule in rules for name in rule.arguments}
        return {name: value for name, value in arguments.items() if name in wanted}
