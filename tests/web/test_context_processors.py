"""No page crosses into a thread for Flask's context processor."""

import asyncio

import pytest
from quart import Blueprint, Quart, render_template_string

from quart_auth_app.web.context_processors import leave_out_of
from tests.people import Client


def test_quarts_blueprints_still_bring_it_along() -> None:
    """Once this fails, web/context_processors.py can go."""
    (processor,) = Blueprint("new", __name__).template_context_processors[None]
    assert not asyncio.iscoroutinefunction(processor)


async def test_pages_of_a_blueprint_that_is_registered_later_enter_no_thread(
    app: Quart, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, child = Blueprint("parent", __name__), Blueprint("child", __name__)

    @child.context_processor
    async def own() -> dict[str, str]:
        return {"word": "its own"}

    @child.get("/late")
    async def late() -> str:
        return await render_template_string("{{ word }}")

    parent.register_blueprint(child)
    app.register_blueprint(parent)

    def refuse(_function: object) -> None:
        raise AssertionError("a thread was entered")

    monkeypatch.setattr(app, "sync_to_async", refuse)
    assert await (await client.get("/late")).get_data(as_text=True) == "its own"


@pytest.mark.parametrize("module", ["a_site", "z_site"])
def test_a_blueprints_own_processor_stays_whatever_its_module(app: Quart, module: str) -> None:
    def own() -> dict[str, str]:
        return {}

    own.__module__ = module
    app.template_context_processors["shop"] = [*Blueprint("new", __name__).template_context_processors[None], own]
    leave_out_of(app, ["shop"])
    assert app.template_context_processors["shop"] == [own]
