"""Gates about what people reported, how much has been seen, and what is left of legacy."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from assignments.engine.flags import Mode, mode
from assignments.engine.gates.rules import GateInput
from assignments.flags import store
from assignments.models import Incident, IncidentSeverity
from assignments.rollout.gates.outcomes import of_count
from assignments.rollout.gates.seen import Seen
from bookings.models import Restaurant
from observability.metrics.series import read
from observability.metrics.window import Window

_GRAVE = [IncidentSeverity.P0, IncidentSeverity.P1]

_FRIDAY = 4
_EVENING = time(17), time(22)

#: For so long legacy must have decided nothing before it is removed.
WITHOUT_LEGACY = timedelta(days=7)


def incidents(seen: Seen) -> GateInput:
    """P0 and P1 of this stay, those of no stay that came up meanwhile, and all that are open still."""
    window = seen.window
    of_none = Q(phase=None, opened_at__gte=window.start)
    concerned = Q(phase=seen.phase) | of_none | Q(closed_at__isnull=True)
    grave = Incident.objects.filter(concerned, severity__in=_GRAVE, opened_at__lt=window.end)
    return of_count(seen, grave.count())


def complaints(seen: Seen) -> GateInput:
    window = seen.window
    told = Incident.objects.filter(
        severity=IncidentSeverity.COMPLAINT, opened_at__gte=window.start, opened_at__lt=window.end
    )
    return of_count(seen, told.count())


def minimum_time(seen: Seen) -> GateInput:
    return of_count(seen, seen.reached.seconds)


def minimum_bookings(seen: Seen) -> GateInput:
    return of_count(seen, seen.reached.bookings)


def minimum_restaurants(seen: Seen) -> GateInput:
    return of_count(seen, seen.reached.restaurants)


def weekend_or_peak(seen: Seen) -> GateInput:
    """Evenings of a Friday, Saturday or Sunday that the phase had whole, wherever there is a restaurant."""
    zones = Restaurant.objects.filter(active=True).values_list("timezone", flat=True).distinct()
    return of_count(seen, max((_busy_evenings(seen.window, ZoneInfo(zone)) for zone in zones), default=0))


def legacy_runs(seen: Seen) -> GateInput:
    """Bookings that legacy decided in the last seven days, in this phase or before."""
    end = seen.window.end
    decided = read(Window(start=end - WITHOUT_LEGACY, end=end), "legacy")["legacy"]
    return of_count(seen, sum(measure.count for measure in decided.values()))


def everyone_on_v3(seen: Seen) -> GateInput:
    """Whether no flag sends a booking of any restaurant to legacy."""
    flags = store.read().flags
    ids = Restaurant.objects.filter(active=True).values_list("pk", flat=True)
    modes = {mode(flags, restaurant_id=pk, booking_id=None, now=seen.until) for pk in ids}
    return of_count(seen, int(modes <= {Mode.ACTIVE}))


def _busy_evenings(window: Window, zone: ZoneInfo) -> int:
    day, last = window.start.astimezone(zone).date(), window.end.astimezone(zone).date()
    days = (day + timedelta(days=n) for n in range((last - day).days + 1))
    return sum(_holds(window, day, zone) for day in days if day.weekday() >= _FRIDAY)


def _holds(window: Window, day: date, zone: ZoneInfo) -> bool:
    starts, ends = (datetime.combine(day, at, zone) for at in _EVENING)
    return window.start <= starts and ends <= window.end
