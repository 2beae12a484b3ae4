"""Which way a booking took, and the values of the flags that chose it."""

from collections.abc import Sequence
from dataclasses import dataclass

from assignments.engine.flags import BOOKING_SALT, bucket
from assignments.models import FlagChange
from bookings.models import Booking
from observability.models import Event

_PATHS = {
    "active": "V3 decides",
    "shadow": "Legacy decides, V3 is compared",
    "disabled": "Legacy decides",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FlagsThen:
    """`path` and `version` are those of the latest run; `values` by flag, where a change is known."""

    path: str
    version: int | None
    bucket: str
    values: tuple[tuple[str, str], ...]


def flags_then(booking: Booking, events: Sequence[Event], *, with_values: bool) -> FlagsThen:
    """At most one query. A path is pinned only until the booking is final, the run's event stays."""
    started = next((e for e in reversed(events) if e.event_type == "coordinator.start"), None)
    told = started.context if started else {}
    path = booking.assignment_path or told.get("mode")
    version = booking.assignment_flag_version or told.get("flag_version")
    return FlagsThen(
        path=_PATHS.get(str(path), "not known"),
        version=version,
        bucket=f"{bucket(BOOKING_SALT, booking.pk) / 100:.2f} of 100",
        values=_values(booking, version) if with_values and version is not None else (),
    )


def _values(booking: Booking, version: int) -> tuple[tuple[str, str], ...]:
    """The last change of each flag up to the version, of all restaurants or of this one."""
    changes = FlagChange.objects.filter(version__lte=version, restaurant=None) | FlagChange.objects.filter(
        version__lte=version, restaurant_id=booking.restaurant_id
    )
    latest = changes.order_by("flag", "restaurant_id", "-version").distinct("flag", "restaurant_id")
    return tuple(
        (f"{change.flag}, here" if change.restaurant_id else change.flag, _shown(change.to_value))
        for change in latest
    )


def _shown(value: object) -> str:
    return "cleared" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
