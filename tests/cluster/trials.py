"""What is done to the machines, one thing after the other, while the crowd goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.cluster.crowd import Crowd
from tests.cluster.members import Members
from tests.cluster.patience import until
from tests.cluster.sites import Site
from tests.cluster.wrong_clocks import AN_HOUR_AHEAD, insist

PATIENCE = 90.0
"""Seconds in which people must be able to log in again for a trial to go on. The promise is far less."""


@dataclass
class Cluster:
    """All machines, and who uses them."""

    members: Members
    sites: list[Site]
    crowd: Crowd

    def wait_for_log_ins(self) -> None:
        """Return when somebody has logged in, from now on, at each machine that is not away."""
        now = time.monotonic()
        until(lambda: self.crowd.logs_in_since(now) or None, PATIENCE, "log-ins", self.describe)

    def describe(self) -> str:
        """Return what there is to know when a trial goes wrong."""
        logs = "\n".join(f"{site.name}:\n{site.last_lines()}" for site in self.sites)
        return f"{self.crowd.record.problems}\n{logs}\n{self.members.describe()}"

    @contextmanager
    def without(self, site: Site) -> Iterator[None]:
        """Send nobody to this machine meanwhile."""
        self.crowd.take_out(site)
        yield
        self.crowd.take_in(site)


def nothing(cluster: Cluster) -> None:
    """Nothing is wrong: what people notice of a busy machine."""
    for _ in range(2):
        cluster.wait_for_log_ins()


def primary_killed(cluster: Cluster) -> None:
    """`kill -9` of all that runs on the primary's machine, etcd's member with it."""
    lost = cluster.members.primary()
    lost.machine.kill_everything()
    another_primary(cluster, than=lost.name)
    cluster.wait_for_log_ins()
    lost.start_etcd(cluster.members.all, state="existing")
    lost.start_patroni()


def primary_cut_off(cluster: Cluster) -> None:
    """The primary's cable is pulled; it runs on, and comes back later."""
    lost = cluster.members.primary()
    lost.machine.cut_off()
    another_primary(cluster, than=lost.name)
    cluster.wait_for_log_ins()
    lost.machine.connect()


def primary_cut_off_from_the_others(cluster: Cluster) -> None:
    """The primary reaches no other database machine, but the application still reaches all three."""
    lost = cluster.members.primary()
    others = [each for each in cluster.members.all if each is not lost]
    for each in others:
        lost.machine.refuse_to_reach(each.machine)
    another_primary(cluster, than=lost.name)
    cluster.wait_for_log_ins()
    for each in others:
        lost.machine.reach(each.machine)


def switchover(cluster: Cluster) -> None:
    """`patronictl switchover`."""
    before = cluster.members.primary().name
    cluster.members.switch_over()
    another_primary(cluster, than=before)
    cluster.wait_for_log_ins()


def application_cut_off(cluster: Cluster) -> None:
    """An application machine's cable is pulled. The load balancer notices at once."""
    lost = cluster.sites[-1]
    lost.machine.cut_off()
    with cluster.without(lost):
        for _ in range(3):
            cluster.wait_for_log_ins()
        lost.machine.connect()
        until(lost.answers, PATIENCE, "an answer", lost.last_lines)
    cluster.wait_for_log_ins()


def no_majority_of_etcd(cluster: Cluster) -> None:
    """Two of three members of etcd are killed, for longer than the primary's lease lasts."""
    primary = cluster.members.primary()
    stopped = [each for each in cluster.members.all if each is not primary]
    for each in stopped:
        each.stop_etcd()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        cluster.wait_for_log_ins()
    for each in stopped:
        each.start_etcd(cluster.members.all, state="existing")


def application_an_hour_ahead(cluster: Cluster) -> None:
    """An application machine whose clock is an hour ahead (faketime)."""
    wrong = cluster.sites[-1]
    with cluster.without(wrong):
        wrong.stop()
        wrong.start(*AN_HOUR_AHEAD)
        insist(wrong.time())
    for _ in range(3):
        cluster.wait_for_log_ins()
    with cluster.without(wrong):
        wrong.stop()
        wrong.start()
    cluster.wait_for_log_ins()


def database_an_hour_ahead(cluster: Cluster) -> None:
    """A database machine whose clock is an hour ahead (faketime) becomes the primary."""
    wrong = cluster.members.synchronous()
    wrong.stop_patroni()
    wrong.start_patroni(*AN_HOUR_AHEAD)
    cluster.members.wait_until_whole()
    insist(wrong.started_at())
    cluster.members.switch_over(to=wrong)
    for _ in range(3):
        cluster.wait_for_log_ins()
    cluster.members.switch_over()
    cluster.wait_for_log_ins()
    wrong.stop_patroni()
    wrong.start_patroni()


def another_primary(cluster: Cluster, than: str) -> None:
    """Wait for one."""

    def found() -> bool | None:
        return any(each.name != than and each.is_primary() for each in cluster.members.all) or None

    until(found, PATIENCE, "another primary", cluster.describe)


TRIALS: dict[str, Callable[[Cluster], None]] = {
    "nothing": nothing,
    "the primary killed": primary_killed,
    "the primary cut off, alive": primary_cut_off,
    "the primary cut off from the other databases only": primary_cut_off_from_the_others,
    "a switchover": switchover,
    "an application machine cut off": application_cut_off,
    "etcd without a majority, 30 s": no_majority_of_etcd,
    "an application machine an hour ahead": application_an_hour_ahead,
    "the primary an hour ahead": database_an_hour_ahead,
}
