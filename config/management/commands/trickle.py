"""``manage.py trickle``: a live trickle of bookings for the demo restaurants, until it is stopped."""

import random
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from bookings.cancellation import CancellationError, cancel
from bookings.demand.arrivals import Arrival
from config.demo.evening import Intake, arrivals_on, demo_restaurants, take_in, will_cancel

#: Days ahead the trickle books.
HORIZON = 14

#: One booking in so many is followed by the cancellation of an earlier one, if its guest would cancel.
LATER = 5


class Command(BaseCommand):
    help = "Take in bookings for the demo restaurants at a steady rate, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--per-minute", type=float, default=20, help="bookings a minute (default 20)")

    def handle(self, *, per_minute: float, **_: Any) -> None:
        if per_minute <= 0:
            raise CommandError(f"--per-minute {per_minute} is no rate; give a number above 0")
        stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: stop.set())
        self.trickle(pause=60 / per_minute, wait=stop.wait)

    def trickle(self, *, pause: float, wait: Callable[[float], bool]) -> None:
        """Take in one booking every `pause` seconds until `wait` returns true."""
        restaurants = demo_restaurants()
        leaving: list[int] = []
        for arrival in endless_arrivals(today=timezone.now().date()):
            if wait(pause):
                return
            booking = take_in(restaurants, arrival, into=Intake(), clock=timezone.now)
            if booking is None:
                continue
            self.stdout.write(f"{booking.reference} {arrival.restaurant}, {booking.party_size} guests")
            if will_cancel(arrival):
                leaving.append(booking.pk)
            if len(leaving) >= LATER:
                self._cancel(leaving.pop(0))

    def _cancel(self, booking_id: int) -> None:
        try:
            booking = cancel(booking_id=booking_id, now=timezone.now())
        except CancellationError as error:
            self.stdout.write(str(error))
        else:
            self.stdout.write(f"{booking.reference} is cancelled by the guest")


def endless_arrivals(*, today: date) -> Iterator[Arrival]:
    """Arrivals for the days ahead in random order; each round is drawn anew."""
    while True:
        seed = random.SystemRandom().randrange(2**32)
        rng = random.Random(seed)  # noqa: S311 - demand, not secrets
        days = [today + timedelta(days=ahead) for ahead in range(1, HORIZON + 1)]
        arrivals = [arrival for day in days for arrival in arrivals_on(day, seed=seed)]
        rng.shuffle(arrivals)
        yield from arrivals
