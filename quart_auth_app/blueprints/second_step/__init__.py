"""The second step: asked for at log-in, and set up on the account's pages."""

from quart_auth_app.blueprints.second_step import set_up
from quart_auth_app.blueprints.second_step.log_in import second_step

__all__ = ["second_step", "set_up"]
