"""Faults 7 and 15: workers stopped in the middle of a run while the world goes on without them."""

import signal
import time
from datetime import timedelta
from typing import Any

import psutil
import pytest
from django.utils import timezone

from assignments.engine.flags import Mode
from assignments.flags import services
from assignments.flags.authors import Author
from assignments.models import Attempt
from bookings.cancellation import cancel
from bookings.change_request import BookingChange
from bookings.changes import change
from bookings.models import Allocation, Booking, StateChange
from bookings.withdrawals import place_block
from tests.chaos.conftest import FULL, Report
from tests.chaos.failpoints import POISON
from tests.chaos.site import PATIENCE, Site, Workers

pytestmark = pytest.mark.timeout(2 * PATIENCE)

HOLDING = ["claimed", "decided"]
IN_A_TRANSACTION = ["finished, not yet committed"]


def stopped(workers: Workers) -> list[psutil.Process]:
    return [p for p in workers.cluster if p.status() == psutil.STATUS_STOPPED]


@pytest.mark.parametrize("point", [*HOLDING, *IN_A_TRANSACTION] if FULL else [HOLDING[1], *IN_A_TRANSACTION])
def test_fault_7_the_stale_write_of_a_stopped_worker_is_refused(
    site: Site, seed: int, point: str, report: Report
) -> None:
    """Its lease passes, another worker takes the booking over, then it wakes up and goes on."""
    with site.workers() as workers:
        site.arm(point, signal.SIGSTOP)
        (booking,) = site.take_in(1, party_size=2)
        site.wait_until(lambda: site.has_struck(point))
        began = time.monotonic()
        taken_over = site.settle()
        (sleeper,) = stopped(workers)
        version = Booking.objects.get(pk=booking.pk).assignment_state_version
        sleeper.send_signal(signal.SIGCONT)
        time.sleep(1)
        site.take_in(3)
        site.settle()
    booking.refresh_from_db()
    assert time.monotonic() - began > site.lease
    assert booking.assignment_state_version == version
    assert Attempt.objects.filter(booking=booking, result="lost").count() == 1
    assert Attempt.objects.filter(booking=booking).count() == 2
    site.must_be_sound()
    report(taken_over_s=round(taken_over, 1))


def test_fault_15_a_poison_booking_goes_to_people_and_the_others_go_on(
    site: Site, seed: int, report: Report
) -> None:
    with site.workers():
        site.take_in(site.rng.randint(1, 3))
        (poison,) = site.take_in(1, party_size=1, notes=POISON)
        others = site.take_in(3)
        settled = site.settle()
    last = StateChange.objects.filter(booking=poison).latest("version")
    assert (last.to_state, last.reason) == ("manual_review", "poisoned")
    assert Attempt.objects.filter(booking=poison, result="lost").count() == 3
    assert not Attempt.objects.filter(booking__in=others, reason="poisoned").exists()
    site.must_be_sound()
    report(settled_s=round(settled, 1))


def test_fault_15_a_booking_cancelled_mid_flight_stays_cancelled(
    site: Site, seed: int, report: Report
) -> None:
    with site.workers() as workers:
        point = site.rng.choice(HOLDING)
        site.arm(point, signal.SIGSTOP)
        (booking,) = site.take_in(1, party_size=2)
        site.wait_until(lambda: site.has_struck(point))
        cancel(booking_id=booking.pk, now=timezone.now())
        for sleeper in stopped(workers):
            sleeper.send_signal(signal.SIGCONT)
        site.take_in(1)
        seconds = site.settle()
    booking.refresh_from_db()
    assert booking.assignment_state == "cancelled"
    assert not Allocation.objects.filter(booking=booking, active=True).exists()
    site.must_be_sound()
    report(settled_s=round(seconds, 1))


def test_fault_15_a_booking_changed_mid_flight_is_placed_by_its_new_wish(
    site: Site, seed: int, report: Report
) -> None:
    """The run stopped on the old wish wakes up and writes nothing; the new one gets its table."""
    with site.workers() as workers:
        point = site.rng.choice(HOLDING)
        site.arm(point, signal.SIGSTOP)
        (booking,) = site.take_in(1, restaurant=site.restaurants[0], party_size=2)
        site.wait_until(lambda: site.has_struck(point))
        wish = BookingChange(party_size=site.rng.randint(3, 4))
        changed = change(booking_id=booking.pk, wish=wish, now=timezone.now())
        for sleeper in stopped(workers):
            sleeper.send_signal(signal.SIGCONT)
        seconds = site.settle()
    assert changed.seating == "replanned"
    booking.refresh_from_db()
    assert (booking.assignment_state, booking.party_size) == ("confirmed", wish.party_size)
    held = Allocation.objects.filter(booking=booking, active=True)
    assert sum(held.values_list("table__capacity", flat=True)) >= booking.party_size
    site.must_be_sound()
    report(settled_s=round(seconds, 1))


def test_fault_15_a_table_withdrawn_mid_flight_is_not_given_away(
    site: Site, seed: int, report: Report
) -> None:
    """The decided table is put out of service before the commit: the booking gets another one."""
    with site.workers() as workers:
        site.arm("decided", signal.SIGSTOP)
        (booking,) = site.take_in(1, restaurant=site.restaurants[0], party_size=2)
        site.wait_until(lambda: site.has_struck("decided"))
        tables = list(site.restaurants[0].tables.order_by("pk"))
        for table in tables[:2]:
            place_block(
                table=table,
                start=booking.start_at - timedelta(hours=1),
                end=booking.end_at + timedelta(hours=1),
                reason="broken",
                now=timezone.now(),
            )
        for sleeper in stopped(workers):
            sleeper.send_signal(signal.SIGCONT)
        seconds = site.settle()
    booking.refresh_from_db()
    held = {allocation.table_id for allocation in Allocation.objects.filter(booking=booking, active=True)}
    assert not held & {table.pk for table in tables[:2]}
    site.must_be_sound()
    report(settled_s=round(seconds, 1))


def test_fault_15_a_kill_mid_flight_lets_the_run_finish_and_sends_the_next_to_legacy(
    site: Site, seed: int, report: Report, settings: Any
) -> None:
    """The run stopped after its decision ends as it began; a booking of after the kill is legacy's."""
    why: dict[str, Any] = {"reason": "chaos", "by": Author(name="chaos")}
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    services.set_cohort(percentage=100, now=timezone.now(), **why)
    site.path = None
    site.lease = 20  # The run is stopped for less, however slow the machine: another would begin it anew.
    with site.workers() as workers:
        site.arm("decided", signal.SIGSTOP)
        (under_way,) = site.take_in(1, party_size=2)
        site.wait_until(lambda: site.has_struck("decided"))
        services.kill(now=timezone.now(), **why)
        time.sleep(2)
        for sleeper in stopped(workers):
            sleeper.send_signal(signal.SIGCONT)
        (later,) = site.take_in(1, party_size=2)
        settled = site.settle()
    under_way.refresh_from_db()
    later.refresh_from_db()
    assert under_way.assignment_path == Mode.ACTIVE
    assert later.assignment_path == Mode.DISABLED
    site.must_be_sound()
    report(settled_s=round(settled, 1))
