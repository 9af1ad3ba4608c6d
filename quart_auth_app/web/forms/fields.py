"""The text fields of forms: how long each may be, and reading them."""

from quart import request

from quart_auth_app.accounts.errors import AccountError, PasswordTooLong
from quart_auth_app.accounts.fields import email_addresses, names
from quart_auth_app.accounts.fields.own_field import OwnField
from quart_auth_app.accounts.passwords import policy

MAX_CREDENTIAL = 8192
"""Longest answer of a passkey in characters. Today's send up to 2,000; ids may have 1,023 bytes, RSA keys 512."""

MAX_OWN = 10_000
"""Longest value of a site's own field, in characters."""

LIMITS = {
    "code": 100,
    "credential": MAX_CREDENTIAL,
    "sudo_code": 100,
    "sudo_credential": MAX_CREDENTIAL,
    "sudo_provider": 30,
    "email": email_addresses.MAX_LENGTH,
    "name": names.MAX_LENGTH,
    "password": policy.MAX_LENGTH,
    "days": 4,
    "current_password": policy.MAX_LENGTH,
    "sudo_password": policy.MAX_LENGTH,
    "language": 35,
    "role": 32,
    "session": 20,
    "token": 100,
}
"""Longest value of each text field, in characters."""


TICKS = {"remember"}
"""Our checkboxes."""

CREDENTIALS = {"credential", "sudo_credential"}
"""Fields with a passkey's answer."""


def limit_of(name: str) -> int:
    """Return how many characters this field may have; a site's own field has a limit of its own below MAX_OWN."""
    return LIMITS.get(name, MAX_OWN)


def is_secret(name: str) -> bool:
    """Tell whether the value of a field of this name must not be shown again."""
    return name in CREDENTIALS | {"code", "sudo_code", "token"} or name.endswith("password")


class InvalidForm(AccountError):
    """The fields are not as our forms send them."""

    def __init__(self, field: str, **values: object) -> None:
        super().__init__(field=field, **values)
        self.field = field


class FieldMissing(InvalidForm):
    """A field is missing, or there is more than one of it."""


class FieldTooLong(InvalidForm):
    """A field has more than `max_length` characters."""


class FieldNotText(InvalidForm):
    """A field contains a character that is not text."""


async def read_fields(*names: str) -> dict[str, str]:
    """Return the named text fields, each of which has to be there exactly once.

    Raises a child of InvalidForm, or PasswordTooLong.
    """
    form = await request.form
    for name in names:
        values = form.getlist(name)
        if len(values) != 1:
            raise FieldMissing(name)
        limit = {"max_length": limit_of(name)}
        if len(values[0]) > limit["max_length"]:
            raise PasswordTooLong(**limit) if name == "password" else FieldTooLong(name, **limit)
        if "\0" in values[0]:
            raise FieldNotText(name)
    return {name: form[name] for name in names}


async def read_optional(name: str) -> str:
    """Return the named text field, "" if it is not sent. Raises a child of InvalidForm."""
    return (await read_fields(name))[name] if name in await request.form else ""


async def is_checked(name: str) -> bool:
    """Tell whether the form's checkbox was ticked."""
    return bool((await request.form).get(name))


async def read_texts(fields: list[OwnField]) -> dict[str, str]:
    """Return the values of a site's own fields by name, "" for those that are not sent."""
    return {each.name: await read_optional(each.name) for each in fields}
