"""The blueprints, and what is added to them alone."""

from quart import Quart

from quart_auth_app.blueprints.access_keys import access_keys
from quart_auth_app.blueprints.account import account
from quart_auth_app.blueprints.activity import activity
from quart_auth_app.blueprints.admin import admin
from quart_auth_app.blueprints.admin_site import admin_site
from quart_auth_app.blueprints.auth import auth
from quart_auth_app.blueprints.email_change import email_change
from quart_auth_app.blueprints.mailed_login import mailed_login
from quart_auth_app.blueprints.main import main
from quart_auth_app.blueprints.passkeys import passkeys
from quart_auth_app.blueprints.providers import providers
from quart_auth_app.blueprints.recovery import recovery
from quart_auth_app.blueprints.second_step import second_step
from quart_auth_app.blueprints.sessions import sessions
from quart_auth_app.web import yielding
from quart_auth_app.web.api import answers
from quart_auth_app.web.api.reading import BilingualParser
from quart_auth_app.web.edge import to_the_end
from quart_auth_app.web.forms import cookie_check, made_for, parsing, waiting

PAGES = (
    main,
    auth,
    second_step,
    passkeys,
    mailed_login,
    providers,
    account,
    access_keys,
    email_change,
    sessions,
    activity,
    recovery,
    admin,
    admin_site,
)
"""The blueprints with pages for people. Every application gets them; only one made by `create_app` also gets `health`
and `openapi`."""


def wire_own(app: Quart, *, ours: set[str]) -> None:
    """Add what only requests to these blueprints get, which are registered already."""
    parsing.limit(app, blueprints=ours, parser=BilingualParser)
    to_the_end.init_app(app, blueprints=ours)
    cookie_check.init_app(app, blueprints=ours)
    waiting.init_app(app, blueprints=ours)
    made_for.init_app(app, blueprints=ours)
    answers.init_app(app, blueprints=ours)
    yielding.give_way(app, blueprints=ours)
