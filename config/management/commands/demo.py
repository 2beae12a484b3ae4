"""``manage.py demo``: one evening of bookings through a real cluster, measured."""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from bookings.demand.arrivals import Arrival
from bookings.models import Restaurant
from config.cluster import ClusterDiedError, worker_cluster
from config.demo.evening import Intake, arrivals_on, cancel_some, demo_restaurants, free_evenings, take_in
from config.demo.people import ensure_people
from config.demo.results import Line, as_summary, as_table, results
from config.demo.rollout import ON_LEGACY, ensure_flags
from config.local.services import local_services

#: Requests sent; some are refused at intake, and 150 bookings are wanted.
LEAST_REQUESTS = 200

#: Seconds from the last arrival until what is not final counts as stuck.
PATIENCE = 75


class Command(BaseCommand):
    help = (
        "Take one evening's bookings for three restaurants through a real worker cluster and print what "
        "became of them. The last line is one JSON object; the exit status is 1 if a booking is stuck."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="seed of the demand (default 1)")
        parser.add_argument("--rate", type=float, default=30, help="arrivals per second (default 30)")

    def handle(self, *, seed: int, rate: float, **_: Any) -> None:
        if settings.ENVIRONMENT != "local":
            raise CommandError(f"`demo` makes people and bookings, so it refuses {settings.ENVIRONMENT}")
        if rate <= 0:
            raise CommandError(f"--rate {rate} is no rate; give arrivals per second, such as 20")
        with ExitStack() as stack:
            if settings.EMBEDDED_DATABASE or settings.EMBEDDED_REDIS:
                stack.enter_context(
                    local_services(
                        settings.LOCAL_DATA_DIR,
                        database=settings.EMBEDDED_DATABASE,
                        redis=settings.EMBEDDED_REDIS,
                    )
                )
            stack.callback(connection.close)
            summary = self._run(seed=seed, rate=rate)
        self.stdout.write(json.dumps(summary))
        if summary["stuck"]:
            sys.exit(1)

    def _run(self, *, seed: int, rate: float) -> dict[str, Any]:
        call_command("migrate", verbosity=0)
        restaurants = demo_restaurants()
        ensure_people(settings.LOCAL_DATA_DIR / "logins.json", list(restaurants.values()))
        ensure_flags(restaurants, now=timezone.now())
        log = settings.LOCAL_DATA_DIR / "logs" / "demo-cluster.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output, worker_cluster(base_dir=settings.BASE_DIR, output=output) as cluster:

            def alive() -> None:
                if cluster.poll() is not None:
                    raise ClusterDiedError(f"the cluster ended with status {cluster.returncode}; see {log}")

            intake, seconds = self._serve(restaurants, seed=seed, rate=rate, check=alive)
        lines = results([booking.pk for booking in intake.taken])
        refused = {restaurants[slug].name: count for slug, count in intake.refused.items()}
        refused["All"] = sum(intake.refused.values())
        self.stdout.write("\n" + as_table(lines, refused))
        self.stdout.write(
            "\nThe data is kept: `make run` serves it. The mails lie in " + str(settings.MAILBOX_DIR) + "\n"
        )
        return as_summary(lines[-1], seconds=seconds)

    def _serve(
        self, restaurants: dict[str, Restaurant], *, seed: int, rate: float, check: Callable[[], None]
    ) -> tuple[Intake, float]:
        """Take in the arrivals at the given rate, cancel some, wait until all is final; how long it took."""
        arrivals = self._arrivals(restaurants, seed)
        intake = Intake()
        began = time.monotonic()
        pairs = []
        for number, arrival in enumerate(tqdm(arrivals, desc="Arriving", unit="booking", file=sys.stdout)):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            booking = take_in(restaurants, arrival, into=intake, clock=timezone.now)
            if booking is not None:
                pairs.append((arrival, booking))
        cancel_some(pairs, clock=timezone.now)
        self._wait([booking.pk for booking in intake.taken], check=check)
        return intake, time.monotonic() - began

    def _arrivals(self, restaurants: dict[str, Restaurant], seed: int) -> list[Arrival]:
        """Whole evenings nobody has booked for yet, as many as it takes."""
        arrivals: list[Arrival] = []
        for day in free_evenings(restaurants.values(), today=timezone.now().date()):
            evening = arrivals_on(day, seed=seed)
            arrivals += evening
            self.stdout.write(f"{day:%A %d %B %Y}: {len(evening)} requests")
            if len(arrivals) >= LEAST_REQUESTS:
                break
        # The legacy planner takes over a minute to give a booking up: its restaurants go first.
        return sorted(arrivals, key=lambda arrival: arrival.restaurant not in ON_LEGACY)

    def _wait(self, booking_ids: list[int], *, check: Callable[[], None]) -> None:
        """Show progress until every booking is final and its mails are sent, or patience runs out."""
        deadline = time.monotonic() + PATIENCE
        with tqdm(total=len(booking_ids), desc="Assigning", unit="booking", file=sys.stdout) as bar:
            while time.monotonic() < deadline:
                check()
                total: Line = results(booking_ids)[-1]
                bar.update(total.bookings - total.stuck - bar.n)
                if not total.stuck and not total.emails_open:
                    return
                time.sleep(0.25)
