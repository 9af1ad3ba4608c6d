"""Errors of any database."""


class DatabaseAway(Exception):
    """The database can't be reached, or another writer locks it for too long. Nothing was changed; try again later."""
