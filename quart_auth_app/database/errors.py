"""What goes wrong with any database."""


class DatabaseAway(Exception):
    """The database can't be reached, or another writer holds it for too long. Nothing was changed; later may do."""
