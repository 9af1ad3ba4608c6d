"""Why a mail was not sent."""


class Unreachable(Exception):
    """The server can't be used: no mail at all can be sent now."""


class Refused(Exception):
    """The server refuses this mail permanently; the message has its reply."""


class Delayed(Exception):
    """The server refuses this mail temporarily; the message has its reply."""


class Unanswered(Delayed):
    """The server has the mail, or part of it, and hasn't said whether it takes it: it may arrive."""
