"""The table."""

from dataclasses import dataclass

MOST_SECONDS_WITHOUT_LOG_INS = 30

HEADER = """\
| What happened | Sign-ups, lost | Sessions revoked, came back | Seconds without log-ins | Without pages | It took |
|---|---:|---:|---:|---:|---:|"""


@dataclass(frozen=True)
class Row:
    """What came of a trial. People and sessions of earlier trials count too."""

    name: str
    seconds: float
    sign_ups: int
    lost: int
    revoked: int
    came_back: int
    without_log_ins: float
    without_pages: float

    def __str__(self) -> str:
        return (
            f"| {self.name} | {self.sign_ups}, {self.lost} | {self.revoked}, {self.came_back} "
            f"| {self.without_log_ins:.1f} | {self.without_pages:.1f} | {self.seconds:.0f} s |"
        )

    def missed(self) -> list[str]:
        """Return which promises were not kept."""
        found = {
            f"{self.lost} sign-ups were acknowledged and are lost": self.lost > 0,
            f"{self.came_back} sessions that were revoked came back": self.came_back > 0,
            f"nobody logged in for {self.without_log_ins:.1f} s": self.without_log_ins >= MOST_SECONDS_WITHOUT_LOG_INS,
            f"/ was missing for {self.without_pages:.1f} s": self.without_pages > 0,
        }
        return [f"{self.name}: {problem}" for problem, is_so in found.items() if is_so]
