"""Users: how one is made, and what the operator can do to one."""

from quart_auth_app.accounts.users.making import create, invite, sign_up
from quart_auth_app.accounts.users.operators_acts import (
    delete_user,
    disable,
    enable,
    reset_second_step,
    send_reset,
    set_password,
)

__all__ = [
    "create",
    "delete_user",
    "disable",
    "enable",
    "invite",
    "reset_second_step",
    "send_reset",
    "set_password",
    "sign_up",
]
