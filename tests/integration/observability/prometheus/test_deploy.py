"""The dashboard and the alert rules read only what the endpoint shows, by labels it has."""

import io
import json
import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from assignments.coordinator import process_booking
from observability.alerts.policy import RULES
from observability.prometheus import alert_rules
from tests.factories import receive, serving_restaurant
from tests.integration.assignments.legacy.driving import EDGE
from tests.integration.observability.prometheus.scrape import families

DEPLOY = Path(settings.BASE_DIR) / "deploy"
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}

ALERTS = {
    "MetricsMissing", "ConfirmationLow", "ErrorsHigh", "ReviewHigh", "CircuitOpen", "BookingsStuck",
    "AssignmentSlow", "ClusterStalled", "OutboxUnknown", "EventsStale", "RolledBack", "SignInsLocked",
}  # fmt: skip


def alerts() -> dict[str, str]:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def panels() -> dict[str, str]:
    """Expressions by panel and letter."""
    [dashboard] = (DEPLOY / "grafana" / "dashboards").glob("*.json")
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in json.loads(dashboard.read_text())["panels"]
        for target in panel["targets"]
    }


def expressions() -> list[str]:
    return [*alerts().values(), *panels().values()]


@pytest.mark.django_db
def test_every_name_is_one_of_the_endpoint() -> None:
    shown = {name + suffix for name, family in families().items() for suffix in SUFFIXES[family.type]}
    read = {name for text in expressions() for name in re.findall(r"table_assignment_\w+", text)}
    assert read
    assert read <= shown
    # And nothing is shown that no panel shows, but what another says better.
    assert {name for name in shown if name.endswith("_total")} - read == {
        f"table_assignment_{name}_total" for name in ("covers_received", "transitions")
    }


@pytest.mark.django_db
def test_every_label_is_one_of_its_family() -> None:
    process_booking(booking_id=receive(serving_restaurant(2)).pk, trigger="test", edge=EDGE)
    labels = {
        sample_label for family in families().values() for s in family.samples for sample_label in s.labels
    }
    asked = {
        name.strip()
        for text in expressions()
        for group in re.findall(r"by \(([^)]*)\)|\{(\w+)=", text)
        for name in ",".join(filter(None, group)).split(",")
    }
    # Only what happened has a sample: mails, shadow runs, retries and failures are not in this evening.
    assert asked - labels <= {"class", "result"}


def test_every_default_has_its_alert() -> None:
    assert set(alerts()) == ALERTS
    assert {alert.rule for alert in alert_rules.ALERTS} == set(RULES)


def test_the_rules_are_what_the_command_writes_out_of_the_consoles_own() -> None:
    written = io.StringIO()
    call_command("prometheus_rules", stdout=written)
    kept = DEPLOY / "prometheus" / "alerts.yml"
    assert kept.read_text() == written.getvalue(), "write it anew: manage.py prometheus_rules > " + str(kept)


def test_thresholds_times_and_severities_are_those_of_the_console() -> None:
    [group] = yaml.safe_load(alert_rules.text())["groups"]
    rules = {rule["alert"]: rule for rule in group["rules"]}
    low = rules["ConfirmationLow"]
    assert "< 0.9\n" in low["expr"]
    assert ">= 20" in low["expr"]
    assert (low["for"], low["keep_firing_for"], low["labels"]) == ("10m", "5m", {"severity": "critical"})
    assert "for" not in rules["CircuitOpen"]
    assert rules["CircuitOpen"]["expr"].strip().endswith("> 300")


@pytest.mark.parametrize("text", [*alerts().values(), *panels().values()])
def test_brackets_close(text: str) -> None:
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing), text


def test_the_dashboard_and_its_source_are_found_by_grafana() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    [dashboard] = (DEPLOY / "grafana" / "dashboards").glob("*.json")
    used = set(re.findall(r'"uid": "([\w-]+-prometheus)"', dashboard.read_text()))
    assert used == {source["uid"]}
