"""What the pages that tell of events cost at millions of them, as their reader waits: from request to answer.

Through Django's test client, so without a network or a web server's own time; sign-in, rights, queries and
templates are included.
"""

import time
from collections.abc import Iterator, Mapping
from os import getloadavg
from statistics import median
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import timezone
from tqdm import tqdm

from assignments.benchmarks.figures import Figure
from assignments.models import Phase
from assignments.rollout.phases import LOCAL
from bookings.models import Booking
from config.benchmarks import rollout_pages
from observability.models import Event

ROUNDS = 9
MOST_MS = 100.0


class PageError(RuntimeError):
    """A page that was to be measured did not answer as it should; the message names it."""


@override_settings(ENVIRONMENT=LOCAL)
def measure() -> list[Figure]:
    """Milliseconds of each page, the best of its rounds; the pages take turns. Raises PageError.

    As of a rehearsal, which may enter any phase.
    """
    client = _client()
    phase, pending, look = rollout_pages.under_way(timezone.now())
    rollout = dict(rollout_pages.addresses(phase, pending))
    pages = {**dict(_pages(phase)), **rollout}
    for name, address in pages.items():
        _answer(client, name, address)
    spent: dict[str, list[float]] = {name: [] for name in pages}
    work: dict[str, list[float]] = {name: [] for name in pages}
    for _ in tqdm(range(ROUNDS), unit="round", desc="pages", leave=False):
        for name, address in pages.items():
            began, worked = time.perf_counter(), time.process_time()
            _answer(client, name, address)
            spent[name].append((time.perf_counter() - began) * 1000)
            work[name].append((time.process_time() - worked) * 1000)
    figures = [
        Figure(
            name=f"page: {name}",
            value=min(times),
            unit="ms",
            at_most=rollout_pages.MOST_MS if name in rollout else MOST_MS,
            note=f"median {median(times):.0f}, Python's own {min(work[name]):.0f}",
        )
        for name, times in spent.items()
    ]
    load = Figure(name="processes that wanted a processor, last minute", value=getloadavg()[0], unit="")
    return [look, *figures, load]


def _client() -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser(username=f"bench-{timezone.now():%s}"))
    return client


def _pages(phase: Phase) -> Iterator[tuple[str, str]]:
    booking = list(Booking.objects.order_by("-pk")[:1_000])[-1]
    house = booking.restaurant_id
    yield "health", reverse("admin:health")
    yield "alerts", reverse("admin:alerts")
    explorer = reverse("admin:explorer")
    yield from _asked(
        explorer,
        {
            "metrics, 1 h": {"span": "1h"},
            "metrics, 24 h": {},
            "metrics, 24 h, one restaurant": {"restaurant": house},
            "metrics, 7 days": {"span": "7d"},
            "metrics, 30 days": {"span": "30d"},
            "metrics, 30 days, one restaurant": {"span": "30d", "restaurant": house},
            "metrics of a phase": {"phase": phase.number},
        },
    )
    events = reverse("admin:events")
    yield from _asked(
        events,
        {
            "events": {},
            "events of one restaurant": {"restaurant": house},
            "events of a booking": {"reference": booking.reference},
            "events of a common type": {"event_type": "coordinator.confirmed"},
            "events, errors": {"event_type": "coordinator.error"},
            "events of a type that never happened": {"event_type": "flag.killed"},
            "events, far back": {"below": _key_far_back()},
        },
    )
    yield "timeline", reverse("admin:booking_timeline", args=[booking.reference])
    yield "stuck", reverse("admin:stuck")


def _asked(address: str, asked: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    for name, query in asked.items():
        yield name, f"{address}?{urlencode(query)}"


def _key_far_back() -> str:
    """The key of an event in the middle of the month."""
    latest = Event.objects.order_by("-id").values_list("pk", flat=True)[0]
    event = Event.objects.filter(pk__lte=latest // 2).order_by("-id")[0]
    return f"{round(event.created_at.timestamp() * 1_000_000)}-{event.pk}"


def _answer(client: Client, name: str, address: str) -> None:
    status = client.get(address).status_code
    if status != 200:
        raise PageError(f"{name}: {address} answered {status}")
