"""The watchdog's judgement: working, busy or stalled, from beats and clock alone."""

from datetime import timedelta

import pytest

from bookings.pulse import Beat
from config.watchdog import SILENCE, START, Watch

LONGEST = timedelta(seconds=25)
QUIET = SILENCE.total_seconds()


def watch(*, came_through: bool = True) -> Watch:
    seen = Watch(since=0.0, longest_task=LONGEST)
    if came_through:
        seen.hear([(Beat.CANARY, 9)], 0.0)
    return seen


def stalled(seen: Watch, now: float, *, alive: bool = True) -> bool:
    return seen.has_stalled(now, is_alive=lambda _: alive)


def test_a_cluster_has_stalled_when_its_canaries_stay_away() -> None:
    assert not stalled(watch(), QUIET)
    assert stalled(watch(), QUIET + 1)


def test_each_canary_starts_the_silence_anew() -> None:
    seen = watch()
    seen.hear([(Beat.CANARY, 9)], QUIET)

    assert not stalled(seen, 2 * QUIET)


def test_a_new_cluster_is_given_longer() -> None:
    started = START.total_seconds()

    assert not stalled(watch(came_through=False), started)
    assert stalled(watch(came_through=False), started + 1)


def test_a_worker_at_its_task_may_keep_the_canary_waiting() -> None:
    seen = watch()
    seen.hear([(Beat.BEGAN, 7)], QUIET - 1)

    assert not stalled(seen, QUIET + 1)
    seen.hear([(Beat.ENDED, 7)], QUIET + 2)
    assert stalled(seen, QUIET + 3)


@pytest.mark.parametrize(("alive", "now"), [(False, QUIET + 1), (True, LONGEST.total_seconds() + QUIET)])
def test_a_worker_that_died_or_overran_at_its_task_is_not_busy(alive: bool, now: float) -> None:
    seen = watch()
    seen.hear([(Beat.BEGAN, 7)], 1.0)

    assert stalled(seen, now, alive=alive)


def test_workers_that_are_always_busy_do_not_hide_a_lost_monitor_for_ever() -> None:
    seen, now = watch(), 0.0
    while now < QUIET + 2 * LONGEST.total_seconds():
        seen.hear([(Beat.BEGAN, 7)], now)
        now += 1
    assert not stalled(seen, now)

    seen.hear([(Beat.BEGAN, 7)], now + 1)
    assert stalled(seen, now + 1)


def test_silence_that_was_not_the_clusters_fault_is_forgiven() -> None:
    seen = watch()
    seen.forgive(QUIET)

    assert not stalled(seen, 2 * QUIET)
    assert stalled(seen, 2 * QUIET + 1)


def test_a_guard_that_stands_still_is_a_stall_though_canaries_come_through() -> None:
    seen = watch()
    seen.hear([(Beat.GUARDED, 8)], 1.0)
    for now in (1.0, 8.0, 1.0 + QUIET):
        seen.hear([(Beat.CANARY, 9), (Beat.BEGAN, 7)], now)
        assert not stalled(seen, now)
    assert stalled(seen, 2.0 + QUIET)

    seen.forgive(2.0 + QUIET)
    assert not stalled(seen, 2.0 + QUIET)
