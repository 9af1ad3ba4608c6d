"""The application with no limit on attempts, no pauses between refused forms, and cheap hashes.

For the tools that send thousands of requests from one address: with the limits in place they would
see 429 and nothing else. For the attacks on the limits themselves this is the broken build.
"""

from quart import Quart

import quart_auth_app
from quart_auth_app.accounts.passwords import hashing
from quart_auth_app.accounts.throttling import limits, mail_limits
from quart_auth_app.web.edge import turns

BEYOND_REACH = 10**9


def create_app() -> Quart:
    """Return the application; everything but attempts, pauses and the cost of a hash is as in production."""
    hashing.ROUNDS = 4
    turns.REFUSED_PAUSE = 0.0
    for limit in [*vars(limits).values(), *vars(mail_limits).values(), *mail_limits.TO_ADDRESS]:
        if isinstance(limit, limits.Limit):
            object.__setattr__(limit, "attempts", BEYOND_REACH)  # in place, as other modules hold it by name
    return quart_auth_app.create_app()
