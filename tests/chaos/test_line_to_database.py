"""Fault 12, where the database is: the workers' line to it is slow, cut, or silent under load."""

import time
from collections.abc import Iterator

import pytest

from bookings.models import Booking
from tests.chaos.conftest import Report, full_only
from tests.chaos.site import PATIENCE, Site
from tests.tcp_proxy import HOST, Line, TcpProxy

pytestmark = pytest.mark.timeout(2 * PATIENCE)

#: Half a second for every answer.
DELAY = 0.25

#: A lost answer holds a worker until its task's limit of 20 s, then the cluster until its canary is missed.
RESUMES = 90.0


@pytest.fixture
def line(site: Site) -> Iterator[TcpProxy]:
    with TcpProxy(site.servers.database_socket, delay=DELAY) as proxy:
        site.database_line = f"{HOST}:{proxy.port}"
        yield proxy


def confirmed() -> int:
    return Booking.objects.filter(assignment_state="confirmed").count()


@full_only
def test_fault_12_bookings_are_placed_over_a_slow_line_to_the_database(
    site: Site, seed: int, line: TcpProxy, report: Report
) -> None:
    """A run asks the database about a dozen times, so it takes some seconds, and less than a lease."""
    site.lease = 30
    with site.workers():
        line.line = Line.SLOW
        site.take_in(6)
        settled = site.settle()
        line.line = Line.GOOD
    site.must_be_sound()
    assert confirmed() > 1
    report(bookings=len(site.accepted), settled_s=round(settled, 1))


@pytest.mark.parametrize("bad", [Line.RESET, pytest.param(Line.SILENT, marks=full_only)])
def test_fault_12_work_resumes_when_the_line_to_the_database_is_good_again(
    site: Site, seed: int, line: TcpProxy, bad: Line, report: Report
) -> None:
    """What was asked over a silent line is never answered, though the line be good again."""
    with site.workers():
        site.take_in(3)
        time.sleep(site.rng.random())
        line.line = bad
        site.take_in(3)
        time.sleep(site.rng.uniform(3, 6))
        line.line, before = Line.GOOD, confirmed()
        resumed = site.wait_until(lambda: confirmed() > before, patience=RESUMES)
        settled = site.settle()
    site.must_be_sound()
    report(line=bad, bookings=len(site.accepted), resumed_s=round(resumed, 1), settled_s=round(settled, 1))
