"""Three worker groups on one database, as on three hosts; one is killed in the middle of its runs.

WORKER_GROUP_BOOKINGS (`make groups`: 2,000) says how many bookings they share.
"""

import os
import signal
import time
from collections import Counter
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from django.db.models.functions import Now

from assignments.models import Attempt, Slot
from bookings.models import Booking
from tests.chaos.conftest import Report
from tests.chaos.site import Site, Workers

GROUPS = 3
BOOKINGS = int(os.environ.get("WORKER_GROUP_BOOKINGS", "60"))
#: Generous: two cores and nothing else manage many times as many a second.
PATIENCE = 300 + BOOKINGS / 2
BOOKINGS_PER_EVENING = 12

pytestmark = pytest.mark.timeout(2 * PATIENCE)


def test_three_groups_share_one_queue_and_lose_nothing_when_one_is_killed(
    site: Site, seed: int, report: Report
) -> None:
    armed = site.folder / "armed-of-the-last"
    with ExitStack() as groups:
        running = [groups.enter_context(site.workers()) for _ in range(GROUPS - 1)]
        running.append(groups.enter_context(site.workers(armed=armed)))
        began = time.monotonic()
        for number in range(BOOKINGS):
            site.take_in(1, start=site.evening(1 + number // BOOKINGS_PER_EVENING))
            if number == BOOKINGS // 3:
                held = kill_in_the_middle_of_its_runs(site, running[-1], armed)
                site.has_ended = lambda: running[0].process.poll() is not None
        site.settle(PATIENCE)
        took = time.monotonic() - began
        assert [group.process.poll() is None for group in running] == [True, True, False]
    taken_over = held & set(Attempt.objects.filter(result="lost").values_list("booking_id", flat=True))
    assert taken_over, "the killed group held no lease"
    site.must_be_sound()
    assert site.audit_by_command()["ok"]
    ends = Counter(Booking.objects.values_list("assignment_state", flat=True))
    assert sum(ends.values()) == len(site.accepted) >= BOOKINGS + GROUPS
    report(
        bookings=len(site.accepted),
        ends=dict(ends),
        leases_at_the_kill=len(held),
        taken_over=len(taken_over),
        seconds=round(took, 1),
    )


def kill_in_the_middle_of_its_runs(site: Site, group: Workers, armed: Path) -> set[int]:
    """Kill a group while a worker of it holds a booking; the bookings under a lease at that moment."""
    point = armed / "decided"
    point.write_text(signal.SIGSTOP.name)
    evenings = count(
        2 + BOOKINGS // BOOKINGS_PER_EVENING
    )  # empty ones: a full evening is told from the counts, without a plan

    def struck() -> bool:
        site.take_in(1, start=site.evening(next(evenings)))
        return not point.exists()

    site.wait_until(struck, pause=0.15)
    held = set(Slot.objects.filter(lease_until__gt=Now()).values_list("booking_id", flat=True))
    group.stop()
    return {booking for booking in held if booking is not None}
