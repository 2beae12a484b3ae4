"""``manage.py prometheus_rules``: the alert rules as a file for Prometheus."""

from typing import Any

from django.core.management import BaseCommand

from observability.prometheus.alert_rules import text


class Command(BaseCommand):
    help = (
        "Print the alert rules for Prometheus, with the console's thresholds. "
        "They are kept as deploy/prometheus/alerts.yml."
    )
    requires_system_checks = []

    def handle(self, **_: Any) -> None:
        self.stdout.write(text(), ending="")
