"""Runs a benchmark, or all, and prints its figures with their targets."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from assignments.benchmarks.figures import Figure, Measured, Progress, as_json, as_markdown, as_table
from assignments.flags import FlagError
from assignments.rollout.errors import RolloutError
from config.benchmarks import dashboards, event_pages
from config.benchmarks.crew import CrewError
from config.benchmarks.end_to_end import StuckError
from config.benchmarks.machine import machine
from config.benchmarks.pages import PageError
from config.benchmarks.pgbench import PgbenchError
from config.benchmarks.registry import BENCHMARKS
from config.benchmarks.throwaway import NoDatabaseError
from config.cluster import ClusterDiedError

ALL = "all"

Benchmark = Callable[[Progress], list[Figure]]


class Command(BaseCommand):
    help = (
        "Measure on this machine's real servers, in a database of its own: figures with their targets, PASS "
        "or MISS. Without a name, or with `all`, every benchmark runs."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"{ALL}, or of {', '.join(BENCHMARKS)}")
        parser.add_argument(
            "--events", type=int, default=dashboards.EVENTS, help="events of `dashboards` (%(default)s)"
        )
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print JSON")
        form.add_argument("--markdown", action="store_true", help="print a Markdown table, as in the docs")

    def handle(self, *, names: list[str], events: int, json: bool, markdown: bool, **_: Any) -> None:
        wanted = list(BENCHMARKS) if names in ([], [ALL]) else names
        self._check(wanted)
        measured = self._measure(
            wanted, {**BENCHMARKS, "dashboards": partial(dashboards.measure, events=events)}
        )
        if json:
            self.stdout.write(as_json(measured))
        elif markdown:
            self.stdout.write(f"{timezone.now():%d %B %Y}: {machine()}\n\n{as_markdown(measured)}")
        else:
            self.stdout.write(as_table(measured))

    def _check(self, names: list[str]) -> None:
        unknown = [name for name in names if name not in BENCHMARKS]
        if unknown:
            message = f"unknown benchmark {unknown[0]}; known are {', '.join(BENCHMARKS)}"
            raise CommandError(message)

    def _measure(self, names: list[str], benchmarks: Mapping[str, Benchmark]) -> Measured:
        measured = {}
        with tqdm(names, unit="benchmark") as bar:
            for name in bar:
                try:
                    measured[name] = benchmarks[name](bar.set_postfix_str)
                except _ERRORS as error:
                    message = f"{name}: {error}"
                    raise CommandError(message) from error
        return measured


_ERRORS = (
    ClusterDiedError,
    CrewError,
    FlagError,
    NoDatabaseError,
    PageError,
    PgbenchError,
    RolloutError,
    StuckError,
    event_pages.PageError,
)
