"""What an attack is, and what comes of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from attacks.victims import OURS, Site, Victim

TIME_LIMIT = 60
"""Seconds that one attack may take on one target."""


class MissingTool(SystemExit):
    """A tool is not installed. A SystemExit, so that the run ends with the sentence that says how to get it."""


@dataclass(frozen=True)
class Verdict:
    """What an attack achieved."""

    broken: bool
    attempts: int
    """What was sent; nothing where a tool did not do its work, as that proves nothing either way."""
    finding: str
    """Half a sentence for the summary's table."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One row of the summary."""

    name: str
    does: str
    run: Callable[[Site], Awaitable[Verdict]]
    broken: Victim
    """A build in which the attack has to find a fault."""
    how_broken: str
    on_postgresql: bool = True
    """Whether the broken build runs on PostgreSQL too."""
    ours: Victim = OURS
    """The real application, in a few attacks with limits raised so that the tool reaches the code behind them."""
