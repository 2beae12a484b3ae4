"""Reads the metrics as Prometheus does."""

from datetime import datetime, timedelta

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from observability.prometheus import page
from tests.factories import NOW

#: After what the tests make happen at NOW.
LATER = NOW + timedelta(minutes=1)


def families(*, now: datetime = LATER) -> dict[str, Metric]:
    """The families of the page by name, parsed."""
    return {family.name: family for family in text_string_to_metric_families(page.text(now=now).decode())}


def values(*, now: datetime = LATER) -> dict[tuple[str, ...], float]:
    """Samples by name without the prefix and their labels' values, ordered by the labels' names."""
    return {
        (
            sample.name.removeprefix("table_assignment_"),
            *(sample.labels[label] for label in sorted(sample.labels)),
        ): sample.value
        for family in families(now=now).values()
        for sample in family.samples
    }
