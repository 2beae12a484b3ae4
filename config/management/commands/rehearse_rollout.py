"""``manage.py rehearse_rollout``: the whole rollout, from local test to legacy clean-up, in minutes."""

import time
from argparse import ArgumentParser
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from assignments.flags import PinnedError
from assignments.rollout.errors import RolloutError
from bookings.demand.floor_plans import HALL
from bookings.demand.loading import create_restaurant
from config.benchmarks.throwaway import NoDatabaseError, empty_database
from config.rehearsal.people import make_cast
from config.rehearsal.script import Rehearsal, RehearsalError
from config.rehearsal.traffic import House, Traffic

#: So that 10 % are two restaurants: what one alone tells in a day settles no gate.
RESTAURANTS = 20


class Command(BaseCommand):
    help = (
        "Rehearse all phases of the rollout on generated demand and a simulated clock, with the real "
        "coordinator, sign-offs by demo people and a regression that the guard has to catch. Uses a database "
        "of its own, and writes an evidence bundle for each stay."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, default=Path("rehearsal"), help="where bundles are written")
        parser.add_argument("--seed", type=int, default=1, help="seed of the demand (default 1)")

    def handle(self, *, out: Path, seed: int, **_: Any) -> None:
        if settings.ENVIRONMENT != "local":
            raise CommandError(
                f"`rehearse_rollout` makes people and bookings: {settings.ENVIRONMENT} refuses it"
            )
        out.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        try:
            with empty_database():
                rehearsal = self._rehearsal(out, seed)
                rehearsal.run()
        except (NoDatabaseError, RehearsalError, RolloutError, PinnedError) as error:
            raise CommandError(str(error)) from error
        self._conclude(rehearsal, seconds=time.monotonic() - began)

    def _rehearsal(self, out: Path, seed: int) -> Rehearsal:
        layouts = [
            replace(HALL, slug=f"house-{number}", name=f"House {number}")
            for number in range(1, RESTAURANTS + 1)
        ]
        houses = [House(layout=layout, restaurant=create_restaurant(layout=layout)) for layout in layouts]
        traffic = Traffic(now=first_day(timezone.now()), houses=houses, rng=Random(seed))  # noqa: S311 - demand
        return Rehearsal(cast=make_cast(), traffic=traffic, out=out, tell=self.stdout.write)

    def _conclude(self, rehearsal: Rehearsal, *, seconds: float) -> None:
        self.stdout.write("")
        for act in rehearsal.acts:
            self.stdout.write(
                f"{act.number:2} {act.key:18} {act.days:3} days {act.bookings:6,} bookings  "
                f"{act.ended:12} {act.verdict:13} {act.evidence}"
            )
        taken, refused = rehearsal.traffic.taken, rehearsal.traffic.refused
        self.stdout.write(
            f"{taken:,} bookings, {refused} refused at intake, {seconds:.0f} s; all evidence holds."
        )


def first_day(now: datetime) -> datetime:
    """The Monday after next, midnight UTC: no real event lies in the days that are rehearsed."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=14 - day.weekday())
