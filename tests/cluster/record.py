"""What people were told, and what came of it: shared by all threads of a trial."""

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Session:
    """The cookies that a browser had."""

    email: str
    cookies: dict[str, str]


@dataclass
class Gaps:
    """When something last worked, and the longest time in which it did not."""

    last: float
    longest: float = 0.0

    def worked(self) -> None:
        """It works now."""
        now = time.monotonic()
        self.longest, self.last = max(self.longest, now - self.last), now


@dataclass
class Record:
    """Everything that is counted."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    signed_up: dict[str, dict[str, str]] = field(default_factory=dict)
    revoked: list[Session] = field(default_factory=list)
    came_back: set[str] = field(default_factory=set)
    log_ins: dict[str, Gaps] = field(default_factory=dict)
    pages_missing: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    problems: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def begin(self, names: list[str]) -> None:
        """Count anew; who has an account and what was revoked stays known."""
        with self.lock:
            now = time.monotonic()
            self.log_ins = {name: Gaps(now) for name in names}
            self.pages_missing = dict.fromkeys(names, 0.0)
            self.problems, self.done = Counter(), Counter()

    def pause(self, name: str) -> None:
        """Leave a machine out that is away, as a load balancer does."""
        with self.lock:
            self.log_ins.pop(name, None)
            self.pages_missing.pop(name, None)

    def resume(self, name: str) -> None:
        """Count it again."""
        with self.lock:
            self.log_ins[name] = Gaps(time.monotonic())
            self.pages_missing[name] = 0.0
