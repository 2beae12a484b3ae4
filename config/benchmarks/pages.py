"""What the pages of a service cost at a long queue and in a large house: time on the server, per page.

Each page is asked for through Django's test client, whole: session, rights, queries, templates. The pages
take turns, after one round that is not counted.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assignments.benchmarks.figures import Figure, Progress
from bookings.models import StaffRestaurant
from config.benchmarks import crowded
from config.benchmarks.crowded import Crowd
from config.benchmarks.percentiles import percentile
from config.benchmarks.throwaway import throwaway_database
from config.roles import OPS_AGENT, OPS_LEAD

ROUNDS = 15
QUEUE_MS = 150.0
FLOOR_MS = 200.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """An address, who asks for it, and the milliseconds it may take at the median."""

    client: Client
    path: str
    at_most: float | None = None


class PageError(RuntimeError):
    """A page did not answer as it should; the message names it."""


def measure(progress: Progress) -> list[Figure]:
    with throwaway_database():
        return figures(crowded.Size(), progress)


def figures(size: crowded.Size, progress: Progress, *, rounds: int = ROUNDS) -> list[Figure]:
    """Milliseconds of each page, median and p95."""
    progress(f"{size.cases:,} open cases")
    lead, agent = _person("bench-lead", OPS_LEAD), _person("bench-agent", OPS_AGENT)
    crowd = crowded.crowd(size, owner=lead, now=timezone.now())
    StaffRestaurant.objects.create(user=agent, restaurant=crowd.other)
    pages = _pages(crowd, lead=_signed_in(lead), agent=_signed_in(agent))
    spent: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(rounds + 1):
        progress(f"round {number} of {rounds}")
        for name, page in pages.items():
            milliseconds = _asked(page)
            if number:
                spent[name].append(milliseconds)
    return [figure for name, page in pages.items() for figure in _figures(name, page, spent[name])]


def _pages(crowd: Crowd, *, lead: Client, agent: Client) -> Mapping[str, Page]:
    queue, house = reverse("admin:review_queue"), crowd.other.pk
    floor = f"{reverse('admin:floor')}?r={crowd.large.pk}&day={crowd.evening:%Y-%m-%d}"
    return {
        "queue": Page(client=lead, path=queue, at_most=QUEUE_MS),
        "queue, its last page": Page(client=lead, path=f"{queue}?page=9999", at_most=QUEUE_MS),
        "queue, snoozed": Page(client=lead, path=f"{queue}?view=snoozed", at_most=QUEUE_MS),
        "queue, one house": Page(client=lead, path=f"{queue}?restaurant={house}", at_most=QUEUE_MS),
        "queue of an agent": Page(client=agent, path=queue, at_most=QUEUE_MS),
        "case": Page(client=lead, path=reverse("admin:review_case", args=[crowd.case.pk])),
        "floor": Page(client=lead, path=floor, at_most=FLOOR_MS),
        "floor, a booking chosen": Page(client=lead, path=f"{floor}&b={crowd.seated.pk}", at_most=FLOOR_MS),
        "floor, one without a table": Page(
            client=lead, path=f"{floor}&b={crowd.case.booking_id}", at_most=FLOOR_MS
        ),
        "booking": Page(
            client=lead, path=reverse("admin:booking_timeline", args=[crowd.case.booking.reference])
        ),
        "today": Page(client=lead, path=reverse("admin:index")),
        "stuck": Page(client=lead, path=reverse("admin:stuck")),
        "health": Page(client=lead, path=reverse("admin:health")),
    }


def _person(name: str, group: str) -> User:
    user = User.objects.create(username=name, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def _signed_in(user: User) -> Client:
    hosts = [host for host in settings.ALLOWED_HOSTS if not host.startswith(("*", "."))]
    client = Client(SERVER_NAME=hosts[0] if hosts else "localhost")
    client.force_login(user)
    return client


def _asked(page: Page) -> float:
    began = time.perf_counter()
    answer = page.client.get(page.path, secure=True)
    milliseconds = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise PageError(f"{page.path} answers {answer.status_code}")
    return milliseconds


def _figures(name: str, page: Page, times: list[float]) -> list[Figure]:
    return [
        Figure(name=name, value=median(times), unit="ms", at_most=page.at_most),
        Figure(name=f"{name}, p95", value=percentile(times, 0.95), unit="ms"),
    ]
