"""The error of upgrades."""


class UnusableDatabase(Exception):
    """The database can't be taken over as it is; the message says why. Nothing was changed."""
