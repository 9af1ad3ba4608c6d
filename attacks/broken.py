"""Builds of the application that are broken on purpose, each in one way. Only the attacks can start them."""

import asyncio
import os

import aiosqlite
from quart import Quart, redirect, render_template, request
from quart.typing import ResponseReturnValue

import attacks.unthrottled
import quart_auth_app
from attacks.victims import GUARD
from quart_auth_app.blueprints import auth
from quart_auth_app.web.services import services

if GUARD not in os.environ:
    raise SystemExit("These builds have holes on purpose. They are for `make attack` alone.")


def pasted_sql() -> Quart:
    """Both forms look the address up with a statement pasted together from what was typed."""
    app = attacks.unthrottled.create_app()

    async def look_up() -> ResponseReturnValue:
        email = (await request.form)["email"]
        async with services().database.engine.connect() as connection:
            question = f"SELECT id FROM user WHERE email = '{email}'"  # noqa: S608  # broken on purpose
            found = await connection.exec_driver_sql(question)
            return redirect("/profile" if found.first() else request.path)

    app.view_functions["auth.login_post"] = app.view_functions["auth.signup_post"] = look_up
    return app


def unescaped_pages() -> Quart:
    """A refused log-in shows the form again at once, with what was typed put into it as it is."""
    app = attacks.unthrottled.create_app()
    app.select_jinja_autoescape = lambda filename: False  # type: ignore[method-assign]  # broken on purpose

    async def show_again() -> str:
        return await render_template("login.html", typed=await request.form)

    app.view_functions["auth.login_post"] = show_again
    return app


def nobody_is_known() -> Quart:
    """Device cookies are ignored, so that strangers can close an account to its owner."""
    auth.known_device = lambda email: None  # type: ignore[attr-defined]  # the name that the route looks up
    return quart_auth_app.create_app()


def clinging_lock() -> Quart:
    """Log-in holds the database's lock for a moment, and for ever if the browser hangs up in that moment."""
    app = quart_auth_app.create_app()
    kept = []

    async def lock_and_log_in() -> ResponseReturnValue:
        lock = await aiosqlite.connect(services().database.url.database or "", isolation_level=None)
        kept.append(lock)
        await lock.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(0.01)
        await lock.close()
        return await auth.login_post()

    app.view_functions["auth.login_post"] = lock_and_log_in
    return app


def endless_bodies() -> Quart:
    """A body may take for ever."""
    app = quart_auth_app.create_app()
    app.config["BODY_TIMEOUT"] = None
    return app


def careless_form() -> Quart:
    """Log-in takes for granted that what arrives is text with an address in it."""
    app = attacks.unthrottled.create_app()

    async def log_in() -> ResponseReturnValue:
        fields = (await request.body).decode().split("&")
        return redirect("/" + dict(field.split("=") for field in fields)["email"])

    app.view_functions["auth.login_post"] = log_in
    return app
