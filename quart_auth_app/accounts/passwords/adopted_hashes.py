"""What handlers of hashes from other software share: such hashes verify, and no new ones are made."""

import re
from typing import ClassVar

from passlib.utils.handlers import MinimalHandler


class AdoptedHash(MinimalHandler):  # type: ignore[misc]  # passlib carries no types
    """A handler for passlib's CryptContext. A child has a `name`, the `form` of its hashes, and `verify`."""

    setting_kwds = ()
    context_kwds = ()
    form: ClassVar[re.Pattern[str]]

    @classmethod
    def identify(cls, hash: str) -> bool:  # noqa: A002  # passlib passes it by this name
        """Tell whether this is such a hash."""
        return bool(cls.form.fullmatch(hash))

    @classmethod
    def hash(cls, secret: str, **_: object) -> str:
        """Refuse: passwords are hashed by today's scheme."""
        raise NotImplementedError("no new hashes of this kind")
