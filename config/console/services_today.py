"""Today's services of all restaurants, and how far their bookings are.

"Today" is each restaurant's own. A service that began yesterday and still runs belongs to it, too:
at half past midnight that is the one people look at.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from bookings.calendar import Calendar, Service, Sitting
from bookings.models import Restaurant
from bookings.states import State
from observability.scope import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A restaurant's services of today, and its bookings in them: rows and guests by state."""

    restaurant: Restaurant
    sittings: tuple[Sitting, ...]
    bookings: Mapping[State, int] = field(default_factory=dict)
    guests: Mapping[State, int] = field(default_factory=dict)

    @property
    def opens(self) -> datetime:
        return min(sitting.opens for sitting in self.sittings)

    @property
    def closes(self) -> datetime:
        return max(sitting.closes for sitting in self.sittings)


def services_today(now: datetime, scope: Scope) -> list[Day]:
    """Days of the active restaurants of the scope that serve today, by name (four queries)."""
    active = scope.narrow(Restaurant.objects.filter(active=True), "pk")
    restaurants = active.prefetch_related("service_periods", "closures")
    days = [Day(restaurant=r, sittings=_sittings(r, now)) for r in restaurants.order_by("name")]
    return _counted([day for day in days if day.sittings])


def _sittings(restaurant: Restaurant, now: datetime) -> tuple[Sitting, ...]:
    calendar = _calendar(restaurant)
    today = now.astimezone(calendar.tz).date()
    late = (s for s in calendar.sittings_on(today - timedelta(days=1)) if s.opens <= now < s.closes)
    return (*late, *sorted(calendar.sittings_on(today), key=lambda sitting: sitting.opens))


def _calendar(restaurant: Restaurant) -> Calendar:
    """Opening times from the rows already fetched; turn times are of no concern here."""
    return Calendar(
        tz=restaurant.tzinfo,
        services=tuple(
            Service(
                name=s.name, weekday=s.weekday, opens=s.opens, closes=s.closes, last_seating=s.last_seating
            )
            for s in restaurant.service_periods.all()
        ),
        closures=tuple((closure.starts_on, closure.ends_on) for closure in restaurant.closures.all()),
        turns=(),
    )


#: One range scan of the index on (restaurant, start) for each sitting.
COUNT = """
SELECT b.restaurant_id, b.assignment_state, count(*), sum(b.party_size)
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS sitting (restaurant_id, opens, closes)
JOIN bookings b ON b.restaurant_id = sitting.restaurant_id
               AND b.start_at >= sitting.opens AND b.start_at < sitting.closes
WHERE b.assignment_state IS NOT NULL
GROUP BY b.restaurant_id, b.assignment_state
"""


def _counted(days: Iterable[Day]) -> list[Day]:
    days = list(days)
    bookings: dict[int, dict[State, int]] = defaultdict(dict)
    guests: dict[int, dict[State, int]] = defaultdict(dict)
    spans = [(day.restaurant.pk, s.opens, s.closes) for day in days for s in day.sittings]
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [[span[part] for span in spans] for part in range(3)])
        for restaurant_id, state, count, people in cursor.fetchall():
            bookings[restaurant_id][State(state)] = count
            guests[restaurant_id][State(state)] = people
    return [
        Day(
            restaurant=day.restaurant,
            sittings=day.sittings,
            bookings=bookings[day.restaurant.pk],
            guests=guests[day.restaurant.pk],
        )
        for day in days
    ]
