"""Faults 3 to 6: workers and clusters killed or stopped while guests go on booking."""

import signal
import time

import psutil
import pytest

from assignments.engine.flags import Mode
from assignments.models import Attempt
from bookings.models import Restaurant
from observability.models import Event
from tests.chaos.conftest import FULL, Report, full_only
from tests.chaos.failpoints import POINTS
from tests.chaos.servers import LeaseWatch
from tests.chaos.site import PATIENCE, Site

pytestmark = pytest.mark.timeout(2 * PATIENCE)


#: Hit by a recovery, so only once a run has been lost.
IN_RECOVERY = "lost run recovered"

#: Hit by a booking that finds no table.
IN_FAILURE = "failure recorded"

#: Leaves a lock behind that the cluster's guard waits for; fault 4 sees to it.
IN_THE_LOCK = "task ended, its worker's lock held"

#: Points that V3's direct path does not pass: it writes all that in one statement.
ON_LEGACY = ["finishing, tables held", "finishing, transition written", "mail promised"]

#: What fault 3 with V3's direct path leaves out, or arms by itself.
NOT_HERE = [IN_RECOVERY, IN_THE_LOCK, *ON_LEGACY]

#: What the normal test run hits; `make chaos` hits them all.
SELECTION = ["claimed", "finished, not yet committed", "mail accepted, not yet settled"]

#: Work has to go on this many seconds after any single kill.
RESUME = 30.0


def test_fault_3_a_worker_killed_at_each_point_loses_nothing(site: Site, seed: int, report: Report) -> None:
    points = [name for name in (POINTS if FULL else SELECTION) if name not in NOT_HERE]
    site.rng.shuffle(points)
    slowest = 0.0
    with site.workers(), LeaseWatch(servers=site.servers, database=site.database) as leases:
        site.arm(IN_RECOVERY)
        site.take_in(6)
        for point in points:
            time.sleep(site.rng.random() / 2)
            house = house_for(site, point)
            site.arm(point)
            began = time.monotonic()
            site.feed_until(lambda point=point: site.has_struck(point), restaurant=house)  # type: ignore[misc]
            slowest = max(slowest, time.monotonic() - began)
        settled = site.settle()

        assert site.has_struck(IN_RECOVERY)
    site.must_be_sound()
    assert site.audit_by_command()["ok"]
    assert 0 < leases.most <= 3
    report(
        points=len(points) + 1,
        bookings=len(site.accepted),
        slowest_s=round(slowest, 1),
        settled_s=round(settled, 1),
    )


def house_for(site: Site, point: str) -> Restaurant | None:
    """The house whose guests pass the point, None for any; it opens now.

    Which houses are full when a point has its turn depends on how many guests came before, and so on the
    machine. In a full house nobody passes what follows a plan, in one with room nobody fails.
    """
    if point == IN_FAILURE:
        site.open_restaurants((2,))
        return site.restaurants[-1]
    site.open_restaurants((4,) * 10)
    return None


@full_only
@pytest.mark.parametrize("path", [Mode.DISABLED, Mode.SHADOW])
def test_fault_3_holds_on_the_legacy_path_and_in_shadow(
    site: Site, seed: int, path: Mode, report: Report
) -> None:
    site.path = path
    # Room for all: legacy comes back to what it could not place only after 5, 15 and 45 s.
    site.restaurants.clear()
    site.open_restaurants((4,) * 30)
    points = [
        "facts loaded",
        *ON_LEGACY,
        "mail claimed",
    ]
    site.rng.shuffle(points)
    with site.workers():
        for point in points:
            site.arm(point)
            site.feed_until(lambda point=point: site.has_struck(point))  # type: ignore[misc]
        settled = site.settle()
    site.must_be_sound()
    report(points=len(points), bookings=len(site.accepted), settled_s=round(settled, 1))


@full_only
def test_fault_3_with_the_lease_of_earnest_a_lost_run_is_taken_over_within_a_minute(
    site: Site, seed: int, report: Report
) -> None:
    site.lease = 30
    with site.workers():
        site.arm("claimed")
        site.feed_until(lambda: site.has_struck("claimed"))
        settled = site.settle()
    site.must_be_sound()
    assert settled < 60
    report(settled_s=round(settled, 1))


@full_only
def test_fault_3_everything_killed_at_once_loses_nothing(site: Site, seed: int, report: Report) -> None:
    """As when the machine's power fails, in the middle of the load."""
    with site.workers() as workers:
        site.take_in(20)
        time.sleep(site.rng.random())
        workers.stop()
    began = time.monotonic()
    with site.workers():
        settled = time.monotonic() - began
    site.must_be_sound()
    report(settled_s=round(settled, 1))


def seconds_to_work(site: Site) -> float:
    """How long a booking taken in now, and its mail, takes to be done."""
    site.take_in(1)
    return site.settle()


def restarts(reason: str) -> int:
    return Event.objects.filter(source="cluster", context__reason=reason).count()


def test_fault_4_work_resumes_after_all_idle_workers_are_killed(
    site: Site, seed: int, report: Report
) -> None:
    """One of them held the lock of django-q2's inner queue: the cluster lives on and does nothing."""
    with site.workers() as workers:
        time.sleep(site.rng.random())
        for worker in workers.at_work:
            worker.kill()
        seconds = seconds_to_work(site)
    site.must_be_sound()
    assert seconds < RESUME
    assert restarts("stalled") == 1
    report(resumed_s=round(seconds, 1), started_s=round(workers.started, 1), restarts=restarts("stalled"))


@full_only
@pytest.mark.parametrize("part", ["worker", "monitor", "pusher", "sentinel"])
def test_fault_4_work_resumes_after_any_one_process_is_killed(
    site: Site, seed: int, part: str, report: Report
) -> None:
    with site.workers() as workers:
        _, sentinel, *children = workers.cluster
        of = {
            "sentinel": sentinel,
            "worker": site.rng.choice(children[:2]),
            "monitor": children[2],
            "pusher": children[3],
        }
        time.sleep(site.rng.random())
        of[part].kill()
        seconds = seconds_to_work(site)
    site.must_be_sound()
    assert seconds < RESUME
    report(
        resumed_s=round(seconds, 1),
        started_s=round(workers.started, 1),
        stalled=restarts("stalled"),
        died=restarts("died"),
    )


@full_only
@pytest.mark.parametrize("how", ["it waits for a dead worker's lock", "it is stopped"])
def test_fault_4_a_cluster_whose_guard_stands_still_is_started_anew(
    site: Site, seed: int, how: str, report: Report
) -> None:
    """One worker goes on, and canaries come through: but nobody would replace it."""
    with site.workers() as workers:
        _, sentinel, *_ = workers.cluster
        if how == "it is stopped":
            sentinel.suspend()
        else:
            site.arm(IN_THE_LOCK)
            site.take_in(1)
            site.wait_until(lambda: site.has_struck(IN_THE_LOCK))
        went_on = seconds_to_work(site)
        noticed = site.wait_until(lambda: restarts("stalled") == 1)
        seconds = seconds_to_work(site)
        assert len(workers.at_work) == site.queue_workers
    site.must_be_sound()
    assert noticed < RESUME
    report(went_on_s=round(went_on, 1), noticed_s=round(noticed, 1), resumed_s=round(seconds, 1))


@full_only
def test_a_busy_cluster_is_not_taken_for_a_stalled_one(site: Site, seed: int) -> None:
    """A canary that waits behind long tasks is no reason to kill them."""
    with site.workers():
        site.take_in(30)
        site.settle()
        assert restarts("stalled") == restarts("died") == 0


@pytest.mark.parametrize("command", ["worker", "qcluster"] if FULL else ["worker"])
def test_fault_6_a_task_under_way_is_finished_before_the_workers_stop(
    site: Site, seed: int, command: str, report: Report
) -> None:
    """SIGTERM comes while a run holds its claim: it goes on to its end, and nothing runs twice."""
    with site.workers(command) as workers:
        point = site.rng.choice(["claimed", "decided"])
        site.arm(point, signal.SIGSTOP)
        (booking,) = site.take_in(1, party_size=2)
        site.wait_until(lambda: site.has_struck(point))
        site.take_in(3)
        workers.process.terminate()
        time.sleep(site.rng.random())
        for process in workers.cluster:
            process.send_signal(signal.SIGCONT)
        ended = site.wait_until(lambda: workers.process.poll() is not None, patience=30)
        booking.refresh_from_db()
        assert booking.assignment_state in {"confirmed", "manual_review"}
    with site.workers():
        site.settle()
    attempts = Attempt.objects.values_list("attempt_no", "result")
    assert {number for number, _ in attempts} == {1}
    assert "lost" not in {result for _, result in attempts}
    site.must_be_sound()
    report(ended_s=round(ended, 1))


def gone(processes: list[psutil.Process]) -> bool:
    """None of them lives; those that ended and wait to be reaped do not."""
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


@pytest.mark.parametrize("command", ["worker", "qcluster"] if FULL else ["qcluster"])
def test_fault_5_no_orphan_keeps_executing(site: Site, seed: int, command: str, report: Report) -> None:
    with site.workers(command) as workers:
        processes = workers.cluster
        site.take_in(5)
        time.sleep(site.rng.random() / 4)
        workers.main.kill()
        ended = site.wait_until(lambda: gone(processes), patience=5)
        if command == "worker":
            seconds = seconds_to_work(site)
            assert seconds < RESUME
            report(ended_s=round(ended, 2), resumed_s=round(seconds, 1), started_s=round(workers.started, 1))
            assert restarts("died") == 1
            site.must_be_sound()
        else:
            report(ended_s=round(ended, 2))


@full_only
def test_fault_5_a_killed_supervisor_takes_its_cluster_along(site: Site, seed: int, report: Report) -> None:
    with site.workers() as workers:
        processes = workers.cluster
        workers.process.kill()
        ended = site.wait_until(lambda: gone(processes), patience=30)
    report(ended_s=round(ended, 2))
