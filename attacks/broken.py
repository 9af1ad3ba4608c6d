"""Builds of the application that are broken on purpose, each in one way. Only the attacks can start them."""

import asyncio
import hashlib
import json
import os
from collections import deque
from collections.abc import Iterable, Set
from datetime import datetime
from typing import Any

import aiosqlite
from quart import Quart, redirect, render_template, request
from quart.typing import ResponseReturnValue
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import attacks.unread
import attacks.unthrottled
import quart_auth_app
from attacks.victims import GUARD
from quart_auth_app.accounts import browsers, mailed_codes, sessions, tokens
from quart_auth_app.accounts.credentials import second_step
from quart_auth_app.accounts.errors import LinkInvalid
from quart_auth_app.accounts.factors import recovery_codes, totp
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.logging_in import pending_log_ins
from quart_auth_app.accounts.passwords import strength, threads
from quart_auth_app.accounts.signing_up import sign_up_confirmations
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.accounts.throttling.refusals import Refusals
from quart_auth_app.blueprints.auth.log_in import login_post
from quart_auth_app.fair_queue import FairQueue
from quart_auth_app.models import MailToken, RecoveryCode, Session, Totp, User
from quart_auth_app.serving.hypercorn_fixes import endless_connections
from quart_auth_app.web.edge import asking, scopes, to_the_end, turns
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.services import services, transaction
from quart_auth_app.web.telemetry import repeated_errors

if GUARD not in os.environ:
    raise SystemExit("These builds have holes on purpose. They are for `make attack` alone.")


def pasted_sql() -> Quart:
    """Both forms look the address up with a statement pasted together from what was typed."""
    app = attacks.unthrottled.create_app()

    async def look_up() -> ResponseReturnValue:
        email = (await request.form)["email"]
        async with services().database.engine.connect() as connection:
            question = f"SELECT id FROM \"user\" WHERE email = '{email}'"  # noqa: S608  # broken on purpose
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


def whole_addresses() -> Quart:
    """Attempts are counted for an IPv6 address, although each customer has billions of them."""
    limits.network = lambda address: address
    return quart_auth_app.create_app()


def any_log_in_that_succeeds() -> Quart:
    """Log-ins that succeed are not limited."""
    _raise(limits.LOG_INS_OF_ACCOUNT)
    return quart_auth_app.create_app()


def devices_by_themselves() -> Quart:
    """Each browser that has logged in has only a limit of its own; there is none for all of an account."""
    _raise(limits.LOG_IN_BY_ALL_DEVICES)
    return quart_auth_app.create_app()


def _raise(limit: limits.Limit) -> None:
    object.__setattr__(limit, "attempts", attacks.unthrottled.BEYOND_REACH)


def rated_without_end() -> Quart:
    """Rating a password may take any time, in the threads that also hash."""
    strength.MAX_WORK = 10**12
    return quart_auth_app.create_app()


def as_many_codes_as_one_likes() -> Quart:
    """Wrong codes, and wrong passwords beside a link, are not counted."""
    mailed_codes.MAX_TRIES = sign_up_confirmations.MAX_TRIES = attacks.unthrottled.BEYOND_REACH
    return attacks.unthrottled.create_app()


def any_number_of_second_steps() -> Quart:
    """After a right password, as many codes may be tried as one likes."""
    pending_log_ins.TRIES = attacks.unthrottled.BEYOND_REACH
    return attacks.unthrottled.create_app()


def codes_that_stay_good() -> Quart:
    """A code of the second step is not used up: not the app's, nor a recovery code."""

    async def look(db: AsyncSession, keys: Keys, *, user_id: int, code: str, now: datetime) -> str | None:
        if recovery_codes.normalised(code):
            digest = recovery_codes.digest(code)
            found = await db.scalar(select(RecoveryCode.id).where(RecoveryCode.code_hash == digest))
            return second_step.RECOVERY_CODE if found else None
        seed = keys.decrypt(
            await db.scalar(select(Totp.seed).where(Totp.user_id == user_id)) or b"", user_id=user_id
        ).seed
        return second_step.TOTP if totp.matching_step(seed, code, now=now) else None

    second_step.spend = look
    return attacks.unthrottled.create_app()


def links_for_everything() -> Quart:
    """A link's token counts at any page, any number of times, and after the account has changed."""

    async def look(db: AsyncSession, *, token: str, **_: object) -> tokens.Linked:
        hashed = MailToken.token_hash == hashlib.sha256(token.encode()).hexdigest()
        found = (
            await db.execute(select(MailToken, User).join(User, User.id == MailToken.user_id).where(hashed))
        ).first()
        if not found:
            raise LinkInvalid
        return tokens.Linked(found[0].sent_to, found[1], None)

    async def consume(db: AsyncSession, *, token: str, now: datetime, **_: object) -> tokens.Consumed:
        linked = await look(db, token=token)
        return tokens.Consumed(linked.user.id if linked.user else 0, linked.sent_to, now)

    tokens.look, tokens.consume = look, consume
    return attacks.unthrottled.create_app()


def any_number_of_connections() -> Quart:
    """Connections are accepted until no file descriptors are left; then each new one causes a traceback."""
    endless_connections.most = lambda: 10**9
    repeated_errors.thin_out = lambda logger: None
    return quart_auth_app.create_app()


def nobody_is_known() -> Quart:
    """Device cookies are ignored, so that strangers can lock an owner out."""
    browsers.Browser.device_for = lambda *_: None  # type: ignore[method-assign]  # broken on purpose
    return quart_auth_app.create_app()


def first_come() -> Quart:
    """The queue for hashing is first come, first served, and an attempt joins it before its limit is checked."""
    turns.MAX_AT_ONCE = 10**9
    threads.MOST_FOR_A_NETWORK = threads.MOST_FOR_STRANGERS = 1.0
    FairQueue.put = _behind_all_others  # type: ignore[method-assign,assignment]  # broken on purpose

    Refusals.look = lambda *_, **__: None  # type: ignore[method-assign]  # broken on purpose
    return quart_auth_app.create_app()


def _behind_all_others(queue: FairQueue[Any, Any], _group: object, item: object) -> None:
    queue._lines.setdefault("everybody", deque()).append(item)


def clinging_lock() -> Quart:
    """Log-in holds the database's lock for a moment, and never releases it if the browser hangs up then."""
    app = quart_auth_app.create_app()
    kept = []

    async def lock_and_log_in() -> ResponseReturnValue:
        lock = await aiosqlite.connect(services().database.url.database or "", isolation_level=None)
        kept.append(lock)
        await lock.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(0.01)
        await lock.close()
        return await login_post()

    app.view_functions["auth.login_post"] = lock_and_log_in
    return app


def routes_cut_off() -> Quart:
    """If a browser hangs up, its request is cancelled wherever it is."""

    def leave_cut_off(app: Quart, *, blueprints: Set[str]) -> None: ...

    to_the_end.init_app = leave_cut_off
    return quart_auth_app.create_app()


def endless_bodies() -> Quart:
    """There is no time limit for a body."""
    app = quart_auth_app.create_app()
    app.config["BODY_TIMEOUT"] = None
    return app


def careless_form() -> Quart:
    """Log-in doesn't check that the form is text and has an address in it."""
    app = attacks.unthrottled.create_app()

    async def log_in() -> ResponseReturnValue:
        fields = (await request.body).decode().split("&")
        return redirect("/" + dict(field.split("=") for field in fields)["email"])

    app.view_functions["auth.login_post"] = log_in
    return app


def any_column() -> Quart:
    """Whoever changes their name may set their roles with it."""
    app = attacks.unthrottled.create_app()

    async def set_them() -> ResponseReturnValue:
        async with transaction() as db:
            user = await db.get_one(User, current_user.id)
            user.roles = (await request.form).getlist("roles")
        return {}

    app.view_functions["account.name_post"] = set_them
    return app


def cookies_count() -> Quart:
    """If a request has cookies and an access key, the cookies count."""

    def none_sent(values: Iterable[str]) -> str | None: ...

    asking.key_in = none_sent
    scopes.key_in = none_sent  # type: ignore[attr-defined]  # broken on purpose
    return attacks.unthrottled.create_app()


def careless_json() -> Quart:
    """Log-in takes JSON and doesn't check that its values are text."""
    app = attacks.unthrottled.create_app()

    async def log_in() -> ResponseReturnValue:
        return {"email": json.loads(await request.body)["email"].casefold()}

    app.view_functions["auth.login_post"] = log_in
    return app


def whatever_it_is_called() -> Quart:
    """A name is changed by any JSON, with any content type, by any HTTP method."""
    app = attacks.unthrottled.create_app()

    async def rename() -> ResponseReturnValue:
        name = json.loads(await request.body)["name"]
        async with transaction() as db:
            await db.execute(update(User).where(User.id == current_user.id).values(name=name))
        return {}

    app.add_url_rule("/account/name", "rename", rename, methods=["PUT", "PATCH", "DELETE"])
    return app


def anybodys_numbers() -> Quart:
    """Anybody can revoke any session by its number."""

    async def revoke(db: AsyncSession, *, wanted: str, **_: object) -> None:
        await db.execute(delete(Session).where(Session.id == int(wanted)))

    sessions.revoke_wanted = revoke
    return attacks.unthrottled.create_app()


def answers_without_end() -> Quart:
    """There is no time limit for an answer: hypercorn's own limits, with which this runs, hold for requests only."""
    app = attacks.unread.create_app()
    app.config["RESPONSE_TIMEOUT"] = None
    endless_connections.fix = lambda: None
    return app
