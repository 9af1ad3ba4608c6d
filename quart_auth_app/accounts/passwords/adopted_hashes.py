"""The base of handlers for hashes from other software: they verify such hashes and make none."""

import re
from typing import ClassVar

from passlib.utils.handlers import MinimalHandler


class AdoptedHash(MinimalHandler):  # type: ignore[misc]  # passlib carries no types
    """A handler for passlib's CryptContext. Subclasses define `name`, `form` (the hashes' pattern), and `verify`."""

    setting_kwds = ()
    context_kwds = ()
    form: ClassVar[re.Pattern[str]]

    @classmethod
    def identify(cls, hash: str) -> bool:  # noqa: A002  # passlib passes it by this name
        """Tell whether this is such a hash."""
        return bool(cls.form.fullmatch(hash))

    @classmethod
    def hash(cls, secret: str, **_: object) -> str:
        """Raise NotImplementedError: passwords are hashed by the current scheme."""
        raise NotImplementedError("no new hashes of this kind")
