"""Errors of any database."""


class DatabaseAway(Exception):
    """The database can't be reached, or another writer locks it for too long; try again later.

    The transaction has changed nothing, unless the connection was lost while it was committed. Earlier ones stay.
    """
