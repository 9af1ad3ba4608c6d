"""All attacks, in the order in which they run."""

import sys
from functools import partial

from attacks import bodies, guessing, hanging_up, hydra, slow, sockets, sqlmap, trickle, wapiti
from attacks.attack import Attack
from attacks.victims import UNTHROTTLED, Victim, under_hypercorn

PASTED_SQL = under_hypercorn("attacks.broken:pasted_sql")
NAIVE = Victim((sys.executable, "-m", "attacks.naive", "PORT"))
PATIENT = under_hypercorn("quart_auth_app:create_app", "--keep-alive", "3600")
"""hypercorn's own defaults, which wait for ever for the rest of a request."""

ATTACKS = [
    Attack(
        name="sqlmap on /login",
        does="boolean, error-based and UNION tests on every field (level 2, risk 3; SQLite's time-based and stacked "
        "ones begin at level 3), limits raised",
        run=partial(sqlmap.run, path="/login"),
        broken=PASTED_SQL,
        how_broken="SQL pasted together",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="sqlmap on /signup",
        does="the same on the sign-up form",
        run=partial(sqlmap.run, path="/signup"),
        broken=PASTED_SQL,
        how_broken="SQL pasted together",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="wapiti",
        does=f"crawl and {len(wapiti.MODULES)} modules, limits raised",
        run=wapiti.run,
        broken=under_hypercorn("attacks.broken:unescaped_pages"),
        how_broken="templates don't escape",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="hydra on /login",
        does="a list of 61 passwords with the right one as its last",
        run=hydra.run,
        broken=UNTHROTTLED,
        how_broken="no limits on attempts",
    ),
    Attack(
        name="guessing, one account",
        does="61 guesses from one address, 20 at a time",
        run=guessing.one_account,
        broken=UNTHROTTLED,
        how_broken="no limits on attempts",
    ),
    Attack(
        name="guessing, in disguise",
        does="61 guesses from 61 addresses, X-Forwarded-For made up, another spelling each, a stranger's device cookie",
        run=guessing.in_disguise,
        broken=UNTHROTTLED,
        how_broken="no limits on attempts",
    ),
    Attack(
        name="guessing, many accounts",
        does="one guess at each of 60 accounts from one address, X-Forwarded-For made up",
        run=guessing.many_accounts,
        broken=UNTHROTTLED,
        how_broken="no limits on attempts",
    ),
    Attack(
        name="sign-up flood",
        does="60 sign-ups from one address, X-Forwarded-For made up",
        run=guessing.sign_up_flood,
        broken=UNTHROTTLED,
        how_broken="no limits on attempts",
    ),
    Attack(
        name="locking the owner out",
        does="20 strangers fail at an account, then the owner's own browser logs in",
        run=guessing.lock_out,
        broken=under_hypercorn("attacks.broken:nobody_is_known"),
        how_broken="device cookies ignored",
    ),
    Attack(
        name="hanging up",
        does=f"{hanging_up.WAVES} waves of {hanging_up.HANG_UPS} browsers that hang up in the middle of logging in, "
        "and the owner's log-in after each; limits raised",
        run=hanging_up.run,
        broken=under_hypercorn("attacks.broken:clinging_lock"),
        how_broken="a lock that nobody gives up",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="slowhttptest, headers",
        does=f"{slow.CONNECTIONS} connections whose headers never end",
        run=slow.headers,
        broken=PATIENT,
        how_broken="hypercorn without our time limits",
    ),
    Attack(
        name="slowhttptest, body",
        does=f"{slow.CONNECTIONS} log-in forms that never end",
        run=slow.body,
        broken=under_hypercorn("attacks.broken:endless_bodies"),
        how_broken="no time limit for bodies",
    ),
    Attack(
        name="trickle",
        does=f"{len(trickle.KINDS)} kinds of connection kept alive by a few bytes every 2 s, HTTP/2 and WebSocket too",
        run=trickle.run,
        broken=PATIENT,
        how_broken="hypercorn without our time limits",
    ),
    Attack(
        name="raw sockets",
        does="smuggling, bad chunks, NUL in the path, 10,000 headers, forged log lines, one connection each",
        run=sockets.run,
        broken=NAIVE,
        how_broken="a naive server",
    ),
    Attack(
        name="random form bodies",
        does=f"bytes, broken encodings, all of Unicode, multipart; limits raised; seed {bodies.SEED}",
        run=bodies.run,
        broken=under_hypercorn("attacks.broken:careless_form"),
        how_broken="a form that trusts its fields",
        ours=UNTHROTTLED,
    ),
]
