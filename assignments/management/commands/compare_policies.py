"""Plans several days by several policies and prints how they compare."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from assignments.benchmarks.compare import compared
from assignments.benchmarks.days import generated_day
from assignments.benchmarks.report import as_html, as_json, as_text
from assignments.engine.policies import POLICIES
from assignments.engine.scenario import Scenario
from assignments.management.commands.plan_day import scenario_at, write
from bookings.demand.floor_plans import TEMPLATES

FORMATS = {"text": as_text, "json": as_json, "html": as_html}


def share(text: str) -> float:
    """A share above 0 and up to 1, from the command line."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        message = f"{text} is not a share above 0 and up to 1, such as 0.75"
        raise ArgumentTypeError(message)
    return value


class Command(BaseCommand):
    help = (
        "Compare policies on scenario files, or without any on generated days of three floor plans: "
        "covers, reviews, avoidable reviews, moves, slack and times against the optimum in hindsight."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenarios", nargs="*", type=Path, help="scenario files (JSON)")
        parser.add_argument("--policies", nargs="+", choices=list(POLICIES), default=list(POLICIES))
        parser.add_argument("--days", type=int, default=2, help="generated days for each floor plan")
        parser.add_argument("--fullness", type=share, default=0.75, help="how full generated days are")
        parser.add_argument("--format", choices=list(FORMATS), default="text")
        parser.add_argument("--out", type=Path, help="write the report here instead of printing it")

    def handle(self, *_args: Any, **options: Any) -> None:
        days = _days(options)
        if not days:
            message = "nothing to compare: name scenario files or ask for at least one day with --days"
            raise CommandError(message)
        with tqdm(total=len(days) * len(options["policies"]), unit="day", disable=None) as bar:
            entries = compared(days, options["policies"], lambda: bar.update(1))
        report = FORMATS[options["format"]](entries)
        if options["out"] is None:
            self.stdout.write(report)
        else:
            write(options["out"], report)


def _days(options: dict[str, Any]) -> list[tuple[str, Scenario]]:
    if options["scenarios"]:
        return [(path.stem, scenario_at(path)) for path in options["scenarios"]]
    made = [
        generated_day(layout, fullness=options["fullness"], seed=seed)
        for layout in TEMPLATES
        for seed in range(options["days"])
    ]
    return [(day.name, day.scenario) for day in made]
