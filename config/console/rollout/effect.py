"""What proceeding or rolling back would change: flags, restaurants, and the bookings that are coming."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import Cohort, Phase
from bookings.models import Booking, Restaurant

AHEAD = timedelta(days=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing before and after."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    title: str
    lines: tuple[Line, ...]
    restaurants: int
    bookings: int

    @property
    def leaving(self) -> int:
        """How many restaurants go back to legacy."""
        return max(0, -self.restaurants)


def effect(stay: Phase, target: PhaseKey | None, *, now: datetime) -> Effect:
    """Of moving from a stay to a target; None is legacy alone. Three queries."""
    here = PHASES[PhaseKey(stay.key)]
    there = PHASES[target] if target else None
    total = Restaurant.objects.count()
    percentage = there.percentage if there else 0
    after = _size(target, percentage, total)
    before = len(stay.cohort.restaurants) if stay.cohort else 0
    coming = Booking.objects.filter(start_at__gte=now, start_at__lt=now + AHEAD).count()
    return Effect(
        title=there.title if there else "Legacy alone",
        lines=(
            Line(what="V3 decides for", before=f"{here.percentage} %", after=f"{percentage} %"),
            Line(what="Restaurants on V3", before=f"{before} of {total}", after=f"{after} of {total}"),
            Line(
                what="Shadow comparison", before=_on(here.shadow), after=_on(there.shadow if there else False)
            ),
            Line(what="Runs at once per restaurant", before="as raised", after="3"),
        ),
        restaurants=after - before,
        bookings=round(coming * abs(after - before) / total) if total else 0,
    )


def _size(target: PhaseKey | None, percentage: int, total: int) -> int:
    """The frozen list of an earlier stay if there is one; otherwise as many as the percentage says."""
    if target is None or not percentage:
        return 0
    earlier = Cohort.objects.filter(phases__key=target).order_by("pk").first()
    return len(earlier.restaurants) if earlier else max(1, round(total * percentage / 100))


def _on(on: bool) -> str:  # noqa: FBT001
    return "on" if on else "off"
