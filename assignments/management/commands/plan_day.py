"""Plans a scenario file with the engine alone: no database, no Redis, no queue."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assignments.engine.day import plan_day, result_of
from assignments.engine.policies import POLICIES
from assignments.engine.scenario import Scenario, read_scenario
from assignments.engine.scenario_json import ScenarioError

BAD_SCENARIO = 2


class Command(BaseCommand):
    help = "Plan a scenario's bookings in order of arrival and print the result as JSON."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", type=Path, help="scenario file (JSON)")
        parser.add_argument("--policy", choices=list(POLICIES), default="v3")
        parser.add_argument("--out", type=Path, help="write the result here instead of printing it")

    def handle(self, *_args: Any, **options: Any) -> None:
        scenario = scenario_at(options["scenario"])
        result = result_of(plan_day(scenario, options["policy"]))
        text = json.dumps(result, indent=1, ensure_ascii=False)
        if options["out"] is None:
            self.stdout.write(text)
        else:
            write(options["out"], text)


def scenario_at(path: Path) -> Scenario:
    """The scenario in a file; raises CommandError with exit status 2 for one that cannot be used."""
    try:
        return read_scenario(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise CommandError(message, returncode=BAD_SCENARIO) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text: {error.reason} at byte {error.start}"
        raise CommandError(message, returncode=BAD_SCENARIO) from error
    except ScenarioError as error:
        message = f"{path}: {error}"
        raise CommandError(message, returncode=BAD_SCENARIO) from error


def write(path: Path, text: str) -> None:
    """Writes the text with a final newline; raises CommandError when that fails."""
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise CommandError(message) from error
