"""Whatever is refused, wherever: a form goes back to its page, everything else is a page with its status."""

from collections.abc import Iterator

import pytest
from quart import Blueprint, Quart
from quart.typing import ResponseReturnValue

from quart_auth_app.accounts.errors import (
    AccountError,
    InvalidPassword,
    TooBusy,
    TooManyAttempts,
    TryLater,
)
from quart_auth_app.accounts.fields.own_field import OwnField
from quart_auth_app.models import User
from quart_auth_app.operations.acts import NotConfirmed  # noqa: F401  # a refusal that no page imports
from quart_auth_app.operations.directory import NoSuchUser
from quart_auth_app.web.forms import form as forms
from quart_auth_app.web.forms.fields import FieldMissing, FieldTooLong
from quart_auth_app.web.refusals import status_of
from quart_auth_app.web.sentences import sentence
from quart_auth_app.web.sentences.refusals import SENTENCES
from tests.people import BOB, Client, notice, send, text

NICKNAME = OwnField("nickname", "Nickname", True, User.name)
"""A site's own field."""

VALUES: dict[str, dict[str, object]] = {
    "AddressMissing": {"label": "Google"},
    "AddressNotVerified": {"label": "Google"},
    "ConnectFirst": {"label": "Google"},
    "FieldMissing": {"field": "email"},
    "FieldNotText": {"field": "email"},
    "FieldTooLong": {"field": "email", "max_length": 254},
    "IdentityTaken": {"label": "Google"},
    "InvalidForm": {"field": "email"},
    "JsonInvalid": {"reason": "syntax"},
    "MadeForAnother": {"email": "bob@example.com"},
    "NameTooLong": {"max_length": 100},
    "NoSuchIdentity": {"label": "Google"},
    "NoSuchRole": {"role": "kook", "known": "admin, cook"},
    "NoSuchUser": {"who": "bob"},
    "OwnFieldFailsCheck": {"each": NICKNAME, "sentence": "This nickname is rude."},
    "OwnFieldMissing": {"each": NICKNAME},
    "OwnFieldRefused": {"each": NICKNAME},
    "OwnFieldTaken": {"each": NICKNAME},
    "OwnFieldTooLong": {"each": NICKNAME, "max_length": 20},
    "PasswordTooGuessable": {"reason": "date"},
    "PasswordTooLong": {"max_length": 1024},
    "PasswordTooShort": {"min_length": 8},
    "ProviderAway": {"label": "Google", "retry_after": 10},
    "ProviderConnected": {"label": "Google"},
    "ProviderDenied": {"label": "Google"},
    "ProviderRefused": {"label": "Google"},
    "SignUpUnfinished": {"label": "Google"},
    "TooBusy": {"retry_after": 5},
    "TooManyAttempts": {"retry_after": 61},
    "TooManyAccessKeys": {"most": 20},
    "TooManyPasskeys": {"most": 20},
    "WrongLifetime": {"most": 365},
    "TryLater": {"retry_after": 5},
    "WrongType": {"field": "email"},
}
"""What the errors are made with that need something."""


def every(kind: type[AccountError]) -> Iterator[type[AccountError]]:
    """Give this class and all that derive from it."""
    yield kind
    for child in kind.__subclasses__():
        yield from every(child)


OURS = [kind for kind in every(AccountError) if kind.__module__.startswith("quart_auth_app")]


def made(kind: type[AccountError]) -> AccountError:
    """Return an error of this kind."""
    return kind(**VALUES.get(kind.__name__, {}))  # whatever each takes


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
async def test_every_route_answers_every_refusal_without_a_loop_or_a_dead_end(
    app: Quart, client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch, kind: type[AccountError]
) -> None:
    await client.post("/login", form=bob)
    error = made(kind)

    async def refuse(*_: object, **__: object) -> ResponseReturnValue:
        raise error

    forms_of_ours = {"auth.login_post", "auth.signup_post"}  # those of somebody who is logged in: test_account.py
    monkeypatch.setattr(forms, "read_fields", refuse)
    for endpoint in app.view_functions.keys() - forms_of_ours:
        app.view_functions[endpoint] = refuse
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            visitor = app.test_client()
            response = await send(
                visitor, method, rule.rule.replace("<path:filename>", "style.css").replace("<int:number>", "1")
            )
            is_shown_at_once = isinstance(error, TryLater) or status_of(error) == 404
            if rule.endpoint in forms_of_ours and not is_shown_at_once:
                assert response.status_code == 302
                assert response.headers["Location"] == rule.rule, "the page at the form's own address takes GET"
            else:
                assert (response.status_code, "Location" in response.headers) == (status_of(error), False)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
async def test_a_form_shows_the_sentence_and_is_filled_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, kind: type[AccountError]
) -> None:
    error = made(kind)

    async def refuse(*_: object) -> dict[str, str]:
        raise error

    monkeypatch.setattr(forms, "read_fields", refuse)
    response = await client.post("/signup", form=BOB)
    source = await (response if response.status_code != 302 else await client.get("/signup")).get_data(as_text=True)
    assert 'value="bob@example.com"' in source
    assert 'value="Bob"' in source
    assert BOB["password"] not in source
    looks_like = "warning" if isinstance(error, TryLater) else "danger"
    assert f'notification is-{looks_like}" role="alert"' in source


async def test_where_the_forms_page_leads_on_a_refusal_is_a_page_of_its_own(
    client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who is logged in sends an old log-in form: its page redirects, and a redirect is no 429."""
    await client.post("/login", form=bob)

    async def refuse(*_: object) -> dict[str, str]:
        raise TooManyAttempts(61)

    monkeypatch.setattr(forms, "read_fields", refuse)
    response = await client.post("/login", form=BOB)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "61")
    assert "Location" not in response.headers
    page = await text(response)
    assert page.count(sentence(TooManyAttempts(61))) == 1
    assert sentence(TooManyAttempts(61)) not in await text(await client.get("/profile"))


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_sentence(kind: type[AccountError]) -> None:
    said = sentence(made(kind))
    assert said
    assert not set("{}") & set(said)


def test_no_sentence_is_left_over() -> None:
    assert SENTENCES.keys() <= {kind.__name__ for kind in OURS}


async def test_a_refused_get_is_a_page_with_its_status(app: Quart, client: Client) -> None:
    @app.get("/refused")
    async def refused() -> str:
        raise NoSuchUser(who="bob")

    response = await client.get("/refused")
    assert response.status_code == 404
    assert "There is no user 'bob'." in await text(response)


@pytest.mark.parametrize(("error", "status"), [(TooManyAttempts(7), 429), (TooBusy(7), 503)])
async def test_a_route_without_a_form_says_when_to_come_back(
    app: Quart, client: Client, error: TryLater, status: int
) -> None:
    @app.post("/act")
    async def act() -> str:
        raise error

    response = await client.post("/act")
    assert (response.status_code, response.headers["Retry-After"]) == (status, "7")


async def test_a_sites_own_form_goes_back_to_its_own_page_with_its_arguments(app: Quart, client: Client) -> None:
    """One that only takes POST used to end in 405."""
    shop = Blueprint("shop", __name__)
    rename = forms.Form("shop.item", "name")

    @shop.get("/items/<int:number>")
    async def item(number: int) -> str:
        return str(number)

    @shop.post("/items/<int:number>/rename/<how>")
    @rename.handles
    async def rename_item(number: int, how: str) -> str:
        raise OwnRefusal(number=number, how=how)

    app.register_blueprint(shop)
    response = await client.post("/items/7/rename/now", form={"name": "x"})
    assert (response.status_code, response.headers["Location"]) == (302, "/items/7")
    assert await (await client.get("/items/7")).get_data(as_text=True) == "7"
    assert await notice(client, "/login") == "Please choose another password."


class OwnRefusal(InvalidPassword):
    """A site's own error, which has its parent's sentence."""


@pytest.mark.parametrize("error", [FieldMissing("name"), FieldTooLong("name", max_length=3)])
def test_a_field_that_is_at_fault_is_named(error: AccountError) -> None:
    assert error.field == "name"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, "1 second."),
        (59, "59 seconds."),
        (60, "1 minute."),
        (61, "2 minutes."),
        (119, "2 minutes."),
        (120, "2 minutes."),
        (181, "4 minutes."),
        (7140, "119 minutes."),
        (7141, "2 hours."),
        (7201, "3 hours."),
        (86_400, "24 hours."),
    ],
)
async def test_nobody_is_told_to_come_back_too_early(app: Quart, seconds: int, told: str) -> None:
    """From a minute on in whole minutes, from two hours on in whole hours, rounded up."""
    async with app.test_request_context("/"):
        assert sentence(TooManyAttempts(seconds)).endswith(f"Please try again in {told}")


def test_a_traceback_names_a_refusal_by_its_code_and_values() -> None:
    assert str(TooManyAttempts(61)) == "TooManyAttempts {'retry_after': 61}"
    assert str(AccountError()) == "AccountError"
