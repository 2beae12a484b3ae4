"""Families of figures: a name, what it means, and values by label."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from observability.metrics.latency import RATIO
from observability.metrics.series import Labels

PREFIX = "table_assignment_"

#: Upper ends of a histogram's buckets are ends of bins, from 8 ms to 75 min, a factor of 1.42 apart:
#: so every value is in the bucket it belongs to, and the bins are not all sent.
EDGES = range(54, 397, 9)

MS = 1_000


def counter(
    name: str, meaning: str, labels: Sequence[str], values: Mapping[str, float]
) -> CounterMetricFamily:
    """A total that only rises. Keys hold one value a label, parted by ``>``; a missing last one is ""."""
    family = CounterMetricFamily(PREFIX + name, meaning, labels=labels)
    for key, value in values.items():
        family.add_metric(_parted(key, len(labels)), value)
    return family


def gauge(name: str, meaning: str, value: float | timedelta) -> GaugeMetricFamily:
    """One figure that rises and falls; a duration in seconds."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return GaugeMetricFamily(PREFIX + name, meaning, value=seconds)


def gauges(
    name: str, meaning: str, label: str, values: Mapping[str, float], known: Iterable[str] = ()
) -> GaugeMetricFamily:
    """The same by one label. What is `known` is 0 where there is none, and never silently absent."""
    family = GaugeMetricFamily(PREFIX + name, meaning, labels=[label])
    for key, value in {**dict.fromkeys(known, 0), **values}.items():
        family.add_metric([key], value)
    return family


def histogram(name: str, meaning: str, bins: Labels) -> HistogramMetricFamily:
    """Seconds, of a series whose labels are bins of milliseconds."""
    family = HistogramMetricFamily(PREFIX + name, meaning, labels=[])
    total = sum(measure.total for measure in bins.values()) / MS
    family.add_metric([], buckets=_buckets(bins), sum_value=total)
    return family


def _buckets(bins: Labels) -> list[tuple[str, float]]:
    counts = {int(label): measure.count for label, measure in bins.items()}
    ends = [
        (f"{RATIO**edge / MS:.6g}", sum(count for number, count in counts.items() if number < edge))
        for edge in EDGES
    ]
    return [*ends, ("+Inf", sum(counts.values()))]


def _parted(key: str, parts: int) -> list[str]:
    found = key.split(">", parts - 1)
    return found + [""] * (parts - len(found))
