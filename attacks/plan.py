"""All attacks, in the order in which they run."""

import sys
from functools import partial

from attacks import (
    bodies,
    codes,
    flooding,
    guessing,
    hanging_up,
    hydra,
    idle,
    json_bodies,
    mailing,
    own_account,
    rating,
    slow,
    sockets,
    sqlmap,
    trickle,
    unread,
    wapiti,
)
from attacks.attack import Attack
from attacks.victims import OURS, UNTHROTTLED, Victim, under_hypercorn

PASTED_SQL = under_hypercorn("attacks.broken:pasted_sql")
NAIVE = Victim((sys.executable, "-m", "attacks.naive", "PORT"))
MAILS = {"MAIL_URL": "file://FOLDER/mails", "MAILED_LOGIN": "yes"}
BEHIND_A_PROXY = {"PROXY_HOPS": "1"}
FIRST_COME = under_hypercorn("attacks.broken:first_come")
PATIENT = under_hypercorn("quart_auth_app:create_app", "--keep-alive", "3600", "--read-timeout", "3600")
"""An hour in place of our limits; without any, hypercorn would wait for ever for the rest of a request."""

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
        does="61 guesses from 61 addresses, forged X-Forwarded-For, another spelling each, a stranger's device cookie",
        run=guessing.in_disguise,
        broken=UNTHROTTLED,
        how_broken="no limits on attempts",
    ),
    Attack(
        name="guessing, many accounts",
        does="one guess at each of 60 accounts from one address, forged X-Forwarded-For",
        run=guessing.many_accounts,
        broken=UNTHROTTLED,
        how_broken="no limits on attempts",
    ),
    Attack(
        name="sign-up flood",
        does="60 sign-ups from one address, forged X-Forwarded-For",
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
        name="guessing, one IPv6 network",
        does="one guess at each of 60 accounts, each from another address of one /64, behind a proxy",
        run=guessing.one_ipv6_network,
        broken=under_hypercorn("attacks.broken:whole_addresses").with_settings(BEHIND_A_PROXY),
        how_broken="whole addresses are counted",
        ours=OURS.with_settings(BEHIND_A_PROXY),
    ),
    Attack(
        name="guessing, known browsers",
        does=f"40 guesses with the cookies of {own_account.DEVICES} browsers that have logged in before",
        run=own_account.devices,
        broken=under_hypercorn("attacks.broken:devices_by_themselves"),
        how_broken="each browser has only its own limit",
    ),
    Attack(
        name="log-ins that succeed",
        does=f"{own_account.LOG_INS} successful log-ins to one's own account, each with another browser and address",
        run=own_account.succeed,
        broken=under_hypercorn("attacks.broken:any_log_in_that_succeeds"),
        how_broken="no limit on them",
    ),
    Attack(
        name="second steps, guessed",
        does=f"{2 * codes.FIRST_STEPS * codes.GUESSES} codes of the app and recovery codes after {codes.FIRST_STEPS} "
        f"right passwords, {guessing.AT_ONCE} at a time and each from another address; the right ones are the last",
        run=codes.guess,
        broken=under_hypercorn("attacks.broken:any_number_of_second_steps"),
        how_broken="tries are not counted",
    ),
    Attack(
        name="second steps, replayed",
        does=f"one code of the app, and one recovery code, each used after {codes.REPLAYS} right passwords at once; "
        "limits raised",
        run=codes.replay,
        broken=under_hypercorn("attacks.broken:codes_that_stay_good"),
        how_broken="codes work more than once",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="mailed codes, guessed",
        does=f"{mailing.GUESSES} guesses, {guessing.AT_ONCE} at a time and each from another address, at a sign-up's "
        "code, at the code for another address, and at the password beside a link; the right one is the last",
        run=mailing.codes,
        broken=under_hypercorn("attacks.broken:as_many_codes_as_one_likes").with_settings(MAILS),
        how_broken="tries are not counted",
        ours=OURS.with_settings(MAILS),
    ),
    Attack(
        name="mailed log-in codes, guessed",
        does=f"{mailing.GUESSES} guesses, {guessing.AT_ONCE} at a time and each from another address, at a code to "
        "log in with; the right one is the last; limits raised except for the tries of one code",
        run=mailing.log_in_codes,
        broken=under_hypercorn("attacks.broken:as_many_codes_as_one_likes").with_settings(MAILS),
        how_broken="tries are not counted",
        ours=UNTHROTTLED.with_settings(MAILS),
    ),
    Attack(
        name="mailed links, replayed",
        does=f"a link for a new password used {mailing.REPLAYS} times at once; links at other pages, in another's "
        "session, cut short, and after they became void; limits raised",
        run=mailing.links,
        broken=under_hypercorn("attacks.broken:links_for_everything").with_settings(MAILS),
        how_broken="links work for everything and never expire",
        ours=UNTHROTTLED.with_settings(MAILS),
    ),
    Attack(
        name="filling a mailbox",
        does=f"{mailing.WISHES} requests for mail to one address by three forms, each from another client and in "
        "another spelling",
        run=mailing.flood,
        broken=UNTHROTTLED.with_settings(MAILS),
        how_broken="no limits on attempts",
        ours=OURS.with_settings(MAILS),
    ),
    Attack(
        name="passwords that take long to rate",
        does=f"{rating.SIGN_UPS} sign-ups at once with 72 chosen characters, while an owner elsewhere logs in",
        run=rating.run,
        broken=under_hypercorn("attacks.broken:rated_without_end"),
        how_broken="no limit on the work of rating",
    ),
    Attack(
        name="idle connections",
        does=f"{idle.CONNECTIONS} of them to a server with {idle.DESCRIPTORS} file descriptors, then pages",
        run=idle.run,
        broken=under_hypercorn("attacks.broken:any_number_of_connections").with_descriptors(idle.DESCRIPTORS),
        how_broken="no limit on connections, each error logged",
        ours=OURS.with_descriptors(idle.DESCRIPTORS),
    ),
    Attack(
        name="flood of refused log-ins",
        does=f"{flooding.CONNECTIONS} kept-alive connections from one address that keep guessing, while "
        f"{flooding.OWNERS} owners elsewhere log in",
        run=flooding.run,
        broken=FIRST_COME,
        how_broken="first come, first served",
    ),
    Attack(
        name="hanging up",
        does=f"{hanging_up.WAVES} waves of {hanging_up.HANG_UPS} browsers that hang up in the middle of logging in, "
        "and the owner's log-in after each; limits raised",
        run=hanging_up.run,
        broken=under_hypercorn("attacks.broken:clinging_lock"),
        how_broken="a lock that is never released",
        on_postgresql=False,
        ours=UNTHROTTLED,
    ),
    Attack(
        name="hanging up, unseen",
        does=f"{hanging_up.GUESSES} guesses and as many right log-ins whose browsers hang up after "
        f"{hanging_up.WHILE_HASHING} s; what was counted or started is looked for in the log",
        run=hanging_up.unseen,
        broken=under_hypercorn("attacks.broken:routes_cut_off"),
        how_broken="routes stop when the browser hangs up",
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
        name="answers unread",
        does=f"{len(unread.KINDS) * unread.EACH} connections that ask for {unread.LARGE // 1_000_000} MB and read "
        "nothing, or nothing and go on asking, or 4 KB every 2 s",
        run=unread.run,
        broken=under_hypercorn("attacks.broken:answers_without_end"),
        how_broken="hypercorn's own limits, none for an answer",
        ours=under_hypercorn("attacks.unread:create_app"),
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
    Attack(
        name="JSON, mass assignment",
        does=f"{len(json_bodies.COLUMNS)} columns sent along to every route that takes a body, flat, nested and in a "
        "list; limits raised",
        run=json_bodies.mass_assignment,
        broken=under_hypercorn("attacks.broken:any_column"),
        how_broken="a route sets the columns that it is sent",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="JSON, a key beside another's cookies",
        does="pages, changes and what no key opens, requested with one's own access key and somebody else's cookies",
        run=json_bodies.beside_a_key,
        broken=under_hypercorn("attacks.broken:cookies_count"),
        how_broken="the cookies are used, and the key is not",
    ),
    Attack(
        name="JSON bombs",
        does=f"{len(json_bodies.BOMBS)} bodies at 4 routes: deep nesting, huge numbers, repeated names, other "
        "encodings; limits raised",
        run=json_bodies.bombs,
        broken=under_hypercorn("attacks.broken:careless_json"),
        how_broken="a route that trusts its JSON",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="JSON of wrong types",
        does=f"{len(json_bodies.TYPES)} values of other types in place of each field, at every route; limits raised",
        run=json_bodies.types,
        broken=under_hypercorn("attacks.broken:careless_json"),
        how_broken="a route that trusts its JSON",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="JSON, methods and content types",
        does="JSON with other content types, by other methods, with headers or parameters that name a method, and from "
        "another site; limits raised",
        run=json_bodies.confusion,
        broken=under_hypercorn("attacks.broken:whatever_it_is_called"),
        how_broken="a route that acts by any method",
        ours=UNTHROTTLED,
    ),
    Attack(
        name="JSON, other people's numbers",
        does="numbers of another's sessions, keys and passkeys, of accounts and mails, and of nothing; limits raised",
        run=json_bodies.numbers,
        broken=under_hypercorn("attacks.broken:anybodys_numbers"),
        how_broken="the owner of a session is not checked",
        ours=UNTHROTTLED,
    ),
]
