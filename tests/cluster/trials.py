"""What is done to the machines, one thing after the other, while the crowd goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.cluster.crowd import Crowd
from tests.cluster.databases import SETTINGS, Database
from tests.cluster.etcd import Etcd
from tests.cluster.members import Members
from tests.cluster.patience import until
from tests.cluster.sites import Site
from tests.cluster.wrong_clocks import AN_HOUR_AHEAD, insist

LONGER_THAN_THE_LEASE = SETTINGS["ttl"] + 5
"""Seconds."""

PATIENCE = 90.0
"""Seconds in which people must be able to log in again for a trial to go on. The promise is far less."""


@dataclass
class Cluster:
    """All machines, and who uses them."""

    etcd: Etcd
    members: Members
    sites: list[Site]
    crowd: Crowd

    def wait_for_log_ins(self) -> None:
        """Return when somebody has logged in, from now on, at each machine that is not away."""
        now = time.monotonic()
        until(lambda: self.crowd.logs_in_since(now) or None, PATIENCE, "log-ins", self.describe)

    def healthy_primary(self) -> Database:
        """Return who takes writes, when nothing of the trials before is missing any more."""
        self.members.wait_until_whole()
        return self.members.primary()

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


Trial = Callable[[Cluster], None]


def nothing(cluster: Cluster) -> None:
    """Nothing is wrong: what people notice of a busy machine."""
    for _ in range(2):
        cluster.wait_for_log_ins()


def primary_killed(cluster: Cluster) -> None:
    """`kill -9` of all that runs on the primary's machine."""
    lost = cluster.healthy_primary()
    lost.machine.kill_everything()
    another_primary(cluster, than=lost.name)
    cluster.wait_for_log_ins()
    lost.start_patroni()


def primary_cut_off(cluster: Cluster) -> None:
    """The primary's cable is pulled; it runs on, and comes back later."""
    lost = cluster.healthy_primary()
    lost.machine.cut_off()
    another_primary(cluster, than=lost.name)
    cluster.wait_for_log_ins()
    lost.machine.connect()


def primary_cut_off_from_the_others(cluster: Cluster) -> None:
    """The primary reaches no machine of etcd and no other database, but the application still reaches all three."""
    lost = cluster.healthy_primary()
    others = [each for each in [*cluster.etcd.all, *cluster.members.all] if each is not lost]
    for each in others:
        lost.machine.refuse_to_reach(each.machine)
    another_primary(cluster, than=lost.name)
    cluster.wait_for_log_ins()
    for each in others:
        lost.machine.reach(each.machine)


def switchover(cluster: Cluster) -> None:
    """`patronictl switchover`."""
    before = cluster.healthy_primary()
    cluster.members.switch_over()
    another_primary(cluster, than=before.name)
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
    """Two of three machines of etcd are killed, its leader first, for longer than the primary's lease lasts."""
    cluster.members.wait_until_whole()
    stopped = [until(cluster.etcd.leader, PATIENCE, "a leader of etcd")]
    stopped += [each for each in cluster.etcd.all if each not in stopped][:1]
    for each in stopped:
        cluster.etcd.kill_member(each)
    end = time.monotonic() + LONGER_THAN_THE_LEASE
    while time.monotonic() < end:
        cluster.wait_for_log_ins()
    for each in stopped:
        cluster.etcd.start_member(each)
    until(cluster.etcd.leader, PATIENCE, "a leader of etcd")


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
    cluster.members.wait_until_whole()
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
    # Not asked to end: Patroni would not know a PostgreSQL that was started under another clock, and leave it running.
    wrong.machine.kill_everything()
    wrong.start_patroni()


def everything_back(cluster: Cluster) -> None:
    """All that was stopped has come back, and what it knows is not older than what was acknowledged."""
    cluster.members.wait_until_whole()


def another_primary(cluster: Cluster, than: str) -> None:
    """Wait for one."""

    def found() -> bool | None:
        return any(each.name != than and each.is_primary() for each in cluster.members.all) or None

    until(found, PATIENCE, "another primary", cluster.describe)


# Those that need only the application come after those that leave a database to come back, so that nobody waits for it.
TRIALS: dict[str, Trial] = {
    "nothing": nothing,
    "the primary killed": primary_killed,
    "an application machine cut off": application_cut_off,
    "the primary cut off, alive": primary_cut_off,
    "an application machine an hour ahead": application_an_hour_ahead,
    "the primary cut off from the other databases and etcd": primary_cut_off_from_the_others,
    "a switchover": switchover,
    f"etcd without a majority, {LONGER_THAN_THE_LEASE} s": no_majority_of_etcd,
    "the primary an hour ahead": database_an_hour_ahead,
}
