"""How much there was of everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from observability.metrics.series import Labels, Series, read, read_steps
from observability.metrics.window import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Volumes:
    """Bookings and covers received, in all and bookings by channel, and events by type.

    Transitions a shadow run would have made stand apart, as type "… (shadow)".
    """

    received: int
    covers: int
    by_channel: Mapping[str, int]
    events: Mapping[str, int]


def volumes(window: Window) -> Volumes:
    return _volumes(read(window, "received", "event"))


def volumes_by_step(window: Window, *, step: timedelta) -> dict[datetime, Volumes]:
    """The same for each step in which there was anything, by its start."""
    return {at: _volumes(series) for at, series in read_steps(window, "received", "event", step=step).items()}


def counts(labels: Labels) -> dict[str, int]:
    """Labels with how often, the most frequent first."""
    found = {label: measure.count for label, measure in labels.items()}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _volumes(series: Series) -> Volumes:
    received = series["received"]
    return Volumes(
        received=sum(measure.count for measure in received.values()),
        covers=round(sum(measure.total for measure in received.values())),
        by_channel=counts(received),
        events=counts(series["event"]),
    )
