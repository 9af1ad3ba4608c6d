"""What an upgrade refuses."""


class UnusableDatabase(Exception):
    """What is in the database can't be taken over; the message says why, and nothing was changed."""
