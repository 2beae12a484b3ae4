"""Three worker groups on one database, as on three hosts; one is killed in the middle.

WORKER_GROUP_BOOKINGS (`make groups`: 2,000) says how many bookings they share.
"""

import os
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from bookings.models import Booking
from tests.chaos.conftest import Report
from tests.chaos.site import Site

GROUPS = 3
BOOKINGS = int(os.environ.get("WORKER_GROUP_BOOKINGS", "60"))
#: Generous: two cores and nothing else manage many times as many a second.
PATIENCE = 300 + BOOKINGS / 2
BOOKINGS_PER_EVENING = 12

pytestmark = pytest.mark.timeout(2 * PATIENCE)


def test_three_groups_share_one_queue_and_lose_nothing_when_one_is_killed(
    site: Site, seed: int, report: Report
) -> None:
    with ExitStack() as groups:
        running = [groups.enter_context(site.workers()) for _ in range(GROUPS)]
        began = time.monotonic()
        for number in range(BOOKINGS):
            site.take_in(1, start=site.evening(1 + number // BOOKINGS_PER_EVENING))
            if number == BOOKINGS // 3:
                running[-1].stop()
                site.has_ended = lambda: running[0].process.poll() is not None
        site.settle(PATIENCE)
        took = time.monotonic() - began
        assert [group.process.poll() is None for group in running] == [True, True, False]
    site.must_be_sound()
    assert site.audit_by_command()["ok"]
    ends = Counter(Booking.objects.values_list("assignment_state", flat=True))
    assert sum(ends.values()) == len(site.accepted) == BOOKINGS + GROUPS
    report(bookings=len(site.accepted), ends=dict(ends), seconds=round(took, 1))
