"""What the pages behind mailed links share."""

from collections.abc import Callable
from functools import wraps

from quart import Response, abort, redirect, render_template, session, url_for
from quart.typing import ResponseReturnValue
from sqlalchemy import select

from quart_auth_app.accounts.errors import LinkInvalid, LinkUsed
from quart_auth_app.models import User
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.forms.form import View
from quart_auth_app.web.forms.link_form import link_token
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.language import translated
from quart_auth_app.web.refusals import refusal, status_of
from quart_auth_app.web.sentences import sentence
from quart_auth_app.web.services import reading, services


def only_if(is_on: Callable[[], bool]) -> Callable[[View[...]], View[...]]:
    """Decorate a route: it answers 404 unless `is_on` returns true."""

    def decorate(view: View[...]) -> View[...]:
        @wraps(view)
        async def handler(*arguments: object, **named: object) -> ResponseReturnValue:
            if not is_on():
                abort(404)
            return await view(*arguments, **named)

        return handler

    return decorate


only_with_mail = only_if(lambda: services().sender is not None)


def link_page(words: str, again: Callable[[], str]) -> Callable[[View[[str]]], View[[]]]:
    """Decorate the page of a mailed link, which gets the link's token. Opening the page doesn't consume the token.

    If the link can't be used, the page says so, and where to ask for another one: a link to `again` with these words.
    """

    def decorate(view: View[[str]]) -> View[[]]:
        @wraps(view)
        async def handler() -> ResponseReturnValue:
            mark_forms()
            try:
                return await view(await link_token())
            except (LinkInvalid, LinkUsed) as error:
                return await _link_is_over(error, again=again(), words=words)

        return handler

    return decorate


async def _link_is_over(error: LinkInvalid | LinkUsed, *, again: str, words: str) -> Response:
    if wants_json():
        return await refusal(error)
    page = await render_template("link_is_over.html", sentence=sentence(error), again=again, words=translated(words))
    return Response(page, status_of(error))


async def to_log_in(email: str, sentence: str, *, remember: bool = False) -> ResponseReturnValue:
    """Redirect to the log-in page, filled in with this address, and with the sentence above the form."""
    session["typed"] = {"email": email} | ({"remember": "on"} if remember else {})
    await flash_one(sentence, "success")
    return redirect(url_for("auth.login", next=await next_page.wanted()))


async def email_of(user_id: int) -> str:
    """Return the user's address, "" if the user has just been deleted."""
    async with reading() as db:
        return await db.scalar(select(User.email).where(User.id == user_id)) or ""
