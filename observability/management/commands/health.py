"""``manage.py health``: the verdict in one line, for people and for whatever watches exit statuses."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from observability.health import Health, Level, verdict

#: No data is not healthy. What cannot be asked is as bad as it gets.
STATUS = {Level.HEALTHY: 0, Level.WARNING: 1, Level.NO_DATA: 1, Level.CRITICAL: 2}


class Command(BaseCommand):
    help = (
        "Say in one line how the last 24 hours went. "
        "The exit status is 0 if healthy, 1 if not or if there is no data, 2 if critical or unreachable."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *, as_json: bool, **_: Any) -> None:
        try:
            health = verdict(now=timezone.now())
        except DatabaseError as error:
            told = {
                "level": Level.CRITICAL,
                "sentence": "CRITICAL: the database does not answer, or not as it should.",
            }
            self.stdout.write(json.dumps(told) if as_json else told["sentence"])
            self.stderr.write(type(error).__name__)
            sys.exit(2)
        self.stdout.write(json.dumps(_as_json(health)) if as_json else health.sentence)
        sys.exit(STATUS[health.level])


def _as_json(health: Health) -> dict[str, Any]:
    figures = health.figures
    return {
        "level": health.level,
        "sentence": health.sentence,
        "why": health.why,
        "confirmed": figures.confirmation.numerator,
        "reviewed": figures.review.numerator,
        "decided": figures.confirmation.denominator,
        "errors": figures.errors,
        "stuck": figures.stuck,
    }
