"""The least that the tutorial's pages and its log-in can cost on Quart: no hooks, no throttle, no access log.

A signed cookie has the user's number, and /profile reads the user by one query: from a SQLite file in the event loop's
own thread, or by asyncpg's pool from PostgreSQL. Passwords are hashed as in ours: by bcrypt, in threads that give way.
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import asyncpg
import bcrypt
from itsdangerous import BadSignature, URLSafeSerializer
from quart import Quart, g, redirect, render_template, request
from werkzeug.wrappers import Response

from bench import people

app = Quart(__name__, template_folder="../peers/tutorial_templates")
app.secret_key = "only for measuring, on loopback, for as long as a run takes"
NOBODY = SimpleNamespace(is_authenticated=False)
SIGNED = URLSafeSerializer(app.secret_key)
NICENESS = 5
"""As in ours (`accounts/passwords/threads.py`), whose import would count as memory and start of this server."""

HASHING = ThreadPoolExecutor(len(os.sched_getaffinity(0)), initializer=os.nice, initargs=(NICENESS,))

Row = tuple[Any, ...]
Find = Callable[[str, object], Awaitable[Row | None]]
"""Reads the row of `user` whose column, the first argument, has this value: id, email, password, name."""

found: Find


@app.before_serving
async def connect() -> None:
    """Open the database of DATABASE_URL."""
    global found
    url = os.environ["DATABASE_URL"]
    found = await _postgresql(url) if url.startswith("postgresql") else _sqlite(url)


def _sqlite(url: str) -> Find:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), check_same_thread=False)

    async def find(column: str, value: object) -> Row | None:
        row: Row | None = connection.execute(_select(column, "?"), (value,)).fetchone()
        return row

    return find


async def _postgresql(url: str) -> Find:
    pool = await asyncpg.create_pool(url)

    async def find(column: str, value: object) -> Row | None:
        row = await pool.fetchrow(_select(column, "$1"), value)
        return row and tuple(row)

    return find


def _select(column: str, place: str) -> str:
    return f'SELECT id, email, password, name FROM "user" WHERE {column} = {place}'  # noqa: S608  # both are ours


@app.context_processor
async def user() -> dict[str, Any]:
    """Give the templates the variable that Flask-Login would; async, as Quart runs others in a thread."""
    return {"current_user": g.get("user", NOBODY)}


# No blueprints: each would add a synchronous processor, which costs a page a third.
@app.get("/", endpoint="main.index")
async def index() -> str:
    """Show the home page."""
    return await render_template("index.html")


@app.get("/login", endpoint="auth.login")
async def login() -> str:
    """Show the form."""
    return await render_template("login.html")


@app.post("/login")
async def login_post() -> Response:
    """Log in."""
    form = await request.form
    row = await found("email", form["email"])
    check = asyncio.get_running_loop().run_in_executor
    if not row or not await check(HASHING, bcrypt.checkpw, form["password"].encode(), row[2].encode()):
        return redirect("/login")
    response = redirect("/profile")
    response.set_cookie("user", SIGNED.dumps(row[0]), httponly=True, samesite="Lax")
    return response


@app.get("/profile", endpoint="main.profile")
async def profile() -> str | Response:
    """Greet the user by name."""
    try:
        row = await found("id", SIGNED.loads(request.cookies.get("user", "")))
    except BadSignature:
        row = None
    if not row:
        return redirect("/login")
    g.user = SimpleNamespace(is_authenticated=True)
    return await render_template("profile.html", name=row[3])


@app.get("/signup", endpoint="auth.signup")
async def signup() -> str:
    """Show the other form, to which the pages link."""
    return await render_template("signup.html")


@app.get("/logout", endpoint="auth.logout")
async def logout() -> Response:
    """Forget the user. Pages for people who are logged in link to it."""
    response = redirect("/")
    response.delete_cookie("user")
    return response


def prepare(users: int) -> None:
    """Create the table in the database of DATABASE_URL, with users who have the same password."""
    from quart_auth_app.accounts.passwords.hashing import ROUNDS

    password = bcrypt.hashpw(people.PASSWORD.encode(), bcrypt.gensalt(ROUNDS)).decode()
    rows = [(number + 1, people.email(number), password, f"Person {number}") for number in range(users)]
    table = 'CREATE TABLE "user" (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, name TEXT)'
    url = os.environ["DATABASE_URL"]
    if url.startswith("postgresql"):
        asyncio.run(_fill_postgresql(url, table, rows))
        return
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute(table)
        connection.executemany('INSERT INTO "user" VALUES (?, ?, ?, ?)', rows)


async def _fill_postgresql(url: str, table: str, rows: list[Row]) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(table)
    await connection.copy_records_to_table("user", records=rows)
    await connection.close()
