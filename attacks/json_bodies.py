"""What somebody with an account can send in JSON: columns' names, bombs, wrong types and methods, others' numbers."""

import json
import re
import time
from collections import Counter
from itertools import product
from pathlib import Path

from attacks.attack import Verdict
from attacks.browser import FORM, Answer, post, send
from attacks.guessing import BOB, EVE, all_of, sign_up
from attacks.victims import Site

JSON = "application/json"
DOCUMENT = Path(__file__).parent.parent / "docs" / "openapi.json"
ENDING = {"/logout", "/account/delete", "/account/password", "/account/passkeys/only", "/account/sessions/revoke"}
"""Routes after which nothing more could be asked in the same session."""
COLUMNS = {"id": "1000", "roles": ["admin"], "verified_at": "2030-01-01T00:00:00Z", "disabled_at": "", "user_id": "1"}
COLUMNS |= {"email_key": "bob@example.com", "password_version": "9", "is_admin": "true", "methods": "password totp"}
SET = "SELECT count(*) FROM \"user\" WHERE roles <> '' OR verified_at IS NOT NULL OR id > 100"
NAMED = "SELECT count(*) FROM \"user\" WHERE name = 'Mallory'"
BOBS = "SELECT (SELECT count(*) FROM session WHERE user_id = 1) + (SELECT count(*) FROM access_key WHERE user_id = 1)"
SLOW = 2.0
"""Seconds; if the answer to a small body takes longer, the body costs too much."""
NOTHING = 77
"""A number that no row has."""


async def tell(site: Site, path: str, body: object, *, method: str = "POST", **headers: str) -> Answer:
    """Send a body and ask for JSON. The body is sent as JSON, bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await send(site, method, path, content, **({"Content_Type": JSON, "Accept": JSON} | headers))


async def log_in(site: Site, person: dict[str, str]) -> str:
    """Sign a new person up, log them in, and return their cookies."""
    await sign_up(site, person)
    return (await post(site, "/login", person)).cookies()


def posts() -> list[str]:
    """Return the path of every route that takes a body."""
    paths = [path for path, methods in json.loads(DOCUMENT.read_text())["paths"].items() if "post" in methods]
    return [
        re.sub(r"\{(\w+)\}", lambda part: {"number": "2", "act": "enable"}.get(part[1], "x"), path) for path in paths
    ]


async def mass_assignment(site: Site) -> Verdict:
    """Send the names of columns along to every route, those of one's own account and those of a new one."""
    cookies = await log_in(site, EVE)
    paths = [path for path in posts() if path not in ENDING]
    person = BOB | {"language": "en"}
    bodies = [COLUMNS | person, COLUMNS | {"user": COLUMNS} | person, [COLUMNS | person]]
    sent = [await tell(site, path, body, Cookie=cookies) for path, body in product(paths, bodies)]
    found = await site.number(SET)
    statuses = Counter(answer.status for answer in sent)
    return Verdict(found > 0, len(sent), f"{found} accounts with what they may not set; {_told(statuses)}")


async def beside_a_key(site: Site) -> Verdict:
    """Ask with one's own access key and somebody else's cookies: whose account is it, and what does it open?"""
    bobs = await log_in(site, BOB)
    eves = await log_in(site, EVE)
    made = await tell(site, "/account/access-keys", {"name": "ci", "days": "9"}, Cookie=eves)
    both = {"Cookie": bobs, "Authorization": f"Bearer {json.loads(made.body)['secret']}"}
    await tell(site, "/account/name", {"name": "Mallory"}, **both)
    asked = [
        "/account",
        "/account/sessions",
        "/account/activity",
        "/profile",
        "/account/access-keys",
        "/account/passkeys",
    ]
    answers = [await tell(site, path, b"", method="GET", **both) for path in asked]
    answers += [
        await tell(site, f"/account/{end}", {}, **both) for end in ("export", "second-step", "delete", "access-keys")
    ]
    renamed = await site.number(f"{NAMED} AND id = 1")
    bobs_data = sum(b"bob@" in answer.body or b'"Bob"' in answer.body for answer in answers)
    beyond = sum(answer.status < 400 for answer in answers[4:])
    finding = f"{bobs_data} answers told of the cookies' owner, {renamed} changed it; {beyond} went beyond the key"
    return Verdict(bobs_data + renamed + beyond > 0, len(answers) + 1, finding)


BOMBS: dict[str, bytes] = {
    "30,000 lists": b'{"email": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "10,000 objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "lists that never end": b'{"email": ' + b"[" * 60_000,
    "a number of 60,000 digits": b'{"email": ' + b"9" * 60_000 + b"}",
    "an exponent": b'{"email": 1e999999999}',
    "NaN": b'{"email": NaN}',
    "a name twice": b'{"email": "eve@example.com", "email": "bob@example.com", "password": "other harbour kettle 7"}',
    "a name 8,000 times": b"{" + b",".join([b'"a":1'] * 8_000) + b"}",
    "9,000 names": b"{" + b",".join(b'"%d":1' % each for each in range(7_000)) + b"}",
    "half of a pair": b'{"email": "\\ud800", "password": "x"}',
    "UTF-16": '{"email": "a"}'.encode("utf-16"),
    "bytes": b'{"email": "\xff\xfe"}',
    "two objects": b"{}{}",
    "a text of escapes": b'{"email": "' + b"\\u0000" * 10_000 + b'"}',
    "200 kB": b'{"email": "' + b"a" * 200_000 + b'"}',
    "a text": b'"email"',
}
"""Bodies that cost more to read than to send, or that two parsers read differently."""


async def bombs(site: Site) -> Verdict:
    """Send each to four routes; a fault is an answer of 5xx, none, a slow one, or one that lets in."""
    cookies = await log_in(site, EVE)
    faults: list[str] = []

    async def explode(name: str, path: str) -> None:
        begun = time.monotonic()
        answer = await tell(site, path, BOMBS[name], Cookie=cookies if path.startswith("/account") else "a=b")
        took = time.monotonic() - begun
        if answer.status < 400 or answer.status >= 500 or took > SLOW:
            faults.append(f"{name}: {answer.status or 'no answer'} after {took:.1f} s")

    sent = [*product(BOMBS, ("/login", "/signup", "/account/name", "/account/access-keys"))]
    for name, path in sent:
        await explode(name, path)
    return Verdict(
        bool(faults),
        len(sent),
        "; ".join(faults[:4]) + f" and {len(faults) - 4} more" * (len(faults) > 4)
        or f"each of {len(BOMBS)} refused, none in more than {SLOW:.0f} s",
    )


TYPES = [None, True, 0, 1.5, -1, [], {}, [["x"]], {"$ne": ""}, {"$gt": ""}, ["bob@example.com"], "", "x" * 5000, 10**30]


async def types(site: Site) -> Verdict:
    """Put a value of another type in the place of each field of each route."""
    cookies = await log_in(site, EVE)
    await sign_up(site, BOB)
    names = [
        "email",
        "password",
        "name",
        "code",
        "session",
        "days",
        "language",
        "credential",
        "remember",
        "next",
        "token",
    ]
    known = BOB | {"days": "9", "session": "77", "code": "123456"}
    bodies = [
        {name: value} | {key: each for key, each in known.items() if key != name} for name in names for value in TYPES
    ]
    paths = [path for path in posts() if path not in ENDING | {"/account/second-step", "/signup", "/language"}]
    asked = [*product([*paths], bodies[::3])] + [("/login", body) for body in bodies]
    answers = await all_of(
        tell(site, path, body, Cookie=cookies if "login" not in path else "a=b") for path, body in asked
    )
    statuses = Counter(answer.status for answer in answers)
    got_in = sum(
        answer.status < 300 and body.get("password") != BOB["password"]
        for (path, body), answer in zip(asked, answers, strict=True)
        if path == "/login"
    )
    bad = got_in + sum(count for status, count in statuses.items() if status == 0 or (status >= 500 and status != 503))
    return Verdict(bad > 0, len(answers), f"{got_in} let in; {_told(statuses)}")


KINDS = ["text/plain", FORM, "", "application/vnd.api+json", "text/json", "application/json-patch+json", "*/*"]
KINDS += [
    "multipart/form-data; boundary=x",
    "application/x-json",
    f"{FORM}, application/json",
    "text/plain; application/json",
]
METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "JSON"]
OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]


async def confusion(site: Site) -> Verdict:
    """Send JSON with wrong content types, by methods that must not act, with names of methods, and cross-origin."""
    cookies = await log_in(site, EVE)
    body, path = {"name": "Mallory"}, "/account/name"
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
    asked = [tell(site, path, body, Cookie=cookies, Content_Type=kind) for kind in KINDS]
    asked += [tell(site, path, body, Cookie=cookies, method=method) for method in METHODS]
    asked += [tell(site, path, body, Cookie=cookies, method="GET", **{name: "POST"}) for name in OVERRIDES]
    asked += [
        send(site, "GET", f"{path}?{query}", Cookie=cookies) for query in ("name=Mallory", "_method=POST&name=Mallory")
    ]
    asked += [tell(site, path, body, Cookie=cookies, Content_Type=kind, **elsewhere) for kind in (*KINDS, JSON)]
    statuses: Counter[int] = Counter()
    acted = 0
    for each in asked:
        statuses[(await each).status] += 1
        acted += await site.number(NAMED)
        await tell(site, path, {"name": "Eve"}, Cookie=cookies)
    is_fair = (await tell(site, path, body, Cookie=cookies)).status == 200 and await site.number(NAMED) == 1
    finding = f"{acted} of {len(asked)} changed something; {_told(statuses)}"
    return Verdict(acted > 0, len(asked) if is_fair else 0, finding)


async def numbers(site: Site) -> Verdict:
    """Ask about the numbers of somebody else's sessions, keys and passkeys, and of accounts."""
    bobs = await log_in(site, BOB)
    await tell(site, "/account/access-keys", {"name": "ci", "days": "9"}, Cookie=bobs)
    cookies = await log_in(site, EVE)
    before, differ, sent = await site.number(BOBS), 0, 0
    asks = [("/account/sessions/revoke", True), ("/account/access-keys/{}/revoke", False)]
    asks += [(f"/account/passkeys/{{}}/{end}", False) for end in ("name", "delete")]
    asks += [("/admin/users/{}/disable", False), ("/admin/mail/{}/retry", False)]
    for path, is_field in asks:
        for number in (1, NOTHING, 2**31, 10**18, -1):
            fields = {"name": "x"} | ({"session": number} if is_field else {})
            answer = await tell(site, path.format(number), fields, Cookie=cookies)
            sent += 1
            differ += answer.status not in {403, 404}
    gone = before - await site.number(BOBS)
    return Verdict(
        gone + differ > 0,
        sent,
        f"{gone} of the other's {before} gone; {differ} of {sent} answered other than 403 or 404",
    )


def _told(statuses: Counter[int]) -> str:
    return ", ".join(f"{status or 'no answer'}: {count}" for status, count in sorted(statuses.items()))
