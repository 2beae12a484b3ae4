"""Runs a benchmark, or all, and prints its figures with their targets."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assignments.benchmarks.figures import as_table
from assignments.benchmarks.registry import BENCHMARKS


class Command(BaseCommand):
    help = "Measure: figures with their targets, as a table or as JSON. Without a name all benchmarks run."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        names = options["names"] or list(BENCHMARKS)
        self._check(names)
        measured = {name: BENCHMARKS[name](self._progress) for name in names}
        if options["json"]:
            content = {name: [item.as_json() for item in figures] for name, figures in measured.items()}
            self.stdout.write(json.dumps(content, indent=1))
            return
        for name, figures in measured.items():
            self.stdout.write(f"\n{name}\n{as_table(figures)}")

    def _check(self, names: list[str]) -> None:
        unknown = [name for name in names if name not in BENCHMARKS]
        if unknown:
            message = f"unknown benchmark {unknown[0]}; known are {', '.join(BENCHMARKS)}"
            raise CommandError(message)

    def _progress(self, line: str) -> None:
        self.stderr.write(f"... {line}")
