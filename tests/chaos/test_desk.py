"""People at the desk while the cluster goes on: cases of generated demand, resolved at one click each.

Two agents see what the pages show and press what they offer; new bookings arrive and are assigned meanwhile.
Every invariant of the audit is asked after every resolution. DESK_CASES (`make desk`) says how many cases
are open when they begin.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import Count
from django.test import Client
from django.utils import timezone

from assignments.models import Resolution, ReviewCase
from bookings.demand.arrivals import Arrival
from bookings.demand.load import next_peak_day
from bookings.models import Booking, Restaurant, StaffRestaurant
from config.benchmarks.percentiles import percentile
from config.demo.evening import Intake, arrivals_on, demo_restaurants, take_in
from config.roles import OPS_AGENT
from tests.chaos.conftest import Report
from tests.chaos.site import Site
from tests.invariants import breaches
from tests.processes import in_parallel

CASES = int(os.environ.get("DESK_CASES", "5"))

#: Bookings that arrive while the agents work.
MEANWHILE = CASES // 2 + 3

#: About as many guests as seats: many ask for a time at which nothing is left, but find one near it.
LOAD = 1.2

#: How long the agents work before it is looked whether anything is left, in seconds.
STINT = 40.0

#: One resolution in so many is taken back at once.
UNDO_ONE_IN = 10

#: Of the cases without a fix one in so many is planned again; the others are turned down.
REQUEUE_ONE_IN = 4

pytestmark = pytest.mark.timeout(120 + 6 * CASES)

_FIX = re.compile(
    r'<form method="post" id="fix-\d+" action="([^"]+)".*?name="key" value="([^"]+)"', re.DOTALL
)
_UNDO = re.compile(r'action="(/review/undo/\d+/)"')
_CASE = re.compile(r"^/review/cases/\d+/")
_BOOKING = re.compile(r"<h1>Case ([^<]+)</h1>")


class Agent:
    """Somebody in front of the pages: sees what they say, and presses what they offer."""

    def __init__(self, name: str) -> None:
        self._client = Client(SERVER_NAME="localhost")
        self._client.force_login(User.objects.get(username=name))
        self.did: Counter[str] = Counter()
        self.clicks: list[float] = []
        self.broken: list[str] = []
        self._requeued: set[str] = set()
        self._without_fix = 0

    def work(self, seconds: float) -> None:
        """Resolve one case after the other, as each leads to the next; until nobody waits."""
        until = time.monotonic() + seconds
        self._press("/review/next/")
        while time.monotonic() < until and _CASE.match(self._path):
            self._resolve()
            if not _CASE.match(self._path):
                self._press("/review/next/")

    def _resolve(self) -> None:
        before = time.monotonic()
        self._press(*self._choice())
        if self._status == 409:
            self.did["conflicts"] += 1  # the page shows what there is now
            return
        self.clicks.append((time.monotonic() - before) * 1000)
        self.did["resolved"] += 1
        self._look()
        self._change_mind()

    def _choice(self) -> tuple[str, str]:
        """What to press, and the key of the best fix; without any turned down, some planned again before."""
        offers, booking = _FIX.findall(self._page), _BOOKING.findall(self._page)
        if offers:
            return str(offers[0][0]), str(offers[0][1])
        case = _CASE.findall(self._path)[0]
        if f"{case}requeue/" not in self._page:
            return "/review/next/", ""  # closed meanwhile, or somebody else's
        self._without_fix += 1
        if booking[0] in self._requeued or self._without_fix % REQUEUE_ONE_IN:
            return f"{case}reject/", ""
        self._requeued.add(booking[0])
        return f"{case}requeue/", ""

    def _look(self) -> None:
        self.broken += map(str, breaches(unfinished=True).items())

    def _change_mind(self) -> None:
        undo = _UNDO.search(self._page)
        if undo and self.did["resolved"] % UNDO_ONE_IN == 0:
            self._press(undo[1])
            self.did["undone"] += 1
            self._look()

    def _press(self, address: str, key: str = "") -> None:
        answer = self._client.post(address, {"key": key}, follow=True)
        self._status, self._page = answer.status_code, answer.content.decode()
        self._path = answer.request["PATH_INFO"]
        assert self._status in (200, 409), f"{address} answers {self._status}"


def at_the_desk(name: str, seconds: float) -> tuple[Counter[str], list[float], list[str]]:
    agent = Agent(name)
    agent.work(seconds)
    return agent.did, agent.clicks, agent.broken


def at_the_door(arrivals: Sequence[Arrival], pause: float) -> list[str]:
    """New bookings, one after the other; the references of those that were taken."""
    taken = Intake()
    houses = demo_restaurants()
    for arrival in arrivals:
        take_in(houses, arrival, into=taken, clock=timezone.now)
        time.sleep(pause)
    return [booking.reference for booking in taken.taken]


def do(what: Callable[..., Any], *arguments: Any) -> Any:
    return what(*arguments)


def open_cases() -> int:
    return ReviewCase.objects.filter(closed_at__isnull=True).count()


def test_cases_are_resolved_at_one_click_each_while_the_cluster_keeps_assigning(
    site: Site, seed: int, report: Report
) -> None:
    houses = demo_restaurants()
    for name in ("ada", "ben"):
        agent = User.objects.create(username=name, is_staff=True)
        agent.groups.add(Group.objects.get(name=OPS_AGENT))
        StaffRestaurant.objects.bulk_create(
            StaffRestaurant(user=agent, restaurant=house) for house in (*houses.values(), *site.restaurants)
        )
    coming = _endless(seed)
    done: Counter[str] = Counter()
    clicks: list[float] = []
    broken: list[str] = []
    with site.workers():
        began = time.monotonic()
        site.wait_until(lambda: _enough(site, houses, coming), patience=30 + 2 * CASES, pause=0.02)
        opened, filled = open_cases(), time.monotonic() - began
        began = time.monotonic()
        while open_cases() or site.unfinished():
            later = [next(coming) for _ in range(MEANWHILE if not done else 0)]
            *agents, taken = in_parallel(
                do, [(at_the_desk, "ada", STINT), (at_the_desk, "ben", STINT), (at_the_door, later, 0.2)]
            )
            site.accepted += taken
            for did, times, findings in agents:
                done.update(did)
                clicks += times
                broken += findings
        spent = time.monotonic() - began
        site.settle()

    assert broken == []
    assert opened >= CASES
    assert done["resolved"] >= CASES
    assert Resolution.objects.filter(undone_at__isnull=False).count() == done["undone"]
    site.must_be_sound()
    report(
        cases=opened,
        filled_s=round(filled),
        bookings=Booking.objects.count(),
        **done,
        kinds=dict(Resolution.objects.values_list("kind").annotate(n=Count("pk"))),
        minutes=round(spent / 60, 1),
        click_ms=round(median(clicks)),
        click_p95_ms=round(percentile(clicks, 0.95)),
    )


def _enough(site: Site, houses: Mapping[str, Restaurant], coming: Iterator[Arrival]) -> bool:
    """Whether enough cases are open; if not, the next arrivals are taken in, as fast as they are assigned."""
    if site.unfinished() > 20:
        return False
    if open_cases() >= CASES:
        return True
    taken = Intake()
    for _ in range(10):
        take_in(houses, next(coming), into=taken, clock=timezone.now)
    site.accepted += [booking.reference for booking in taken.taken]
    return False


def _endless(seed: int) -> Iterator[Arrival]:
    """Arrivals of one peak day after the other."""
    day = timezone.now().date() + timedelta(days=3)
    while True:
        day = next_peak_day(day)
        yield from arrivals_on(day, seed=seed, load=LOAD)
