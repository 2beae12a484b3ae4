"""Which evening is shown: a restaurant, a day and one of its services, as the address asks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import QueryDict

from bookings.calendar import Calendar, Sitting, load_calendar
from bookings.models import Restaurant

#: Days to either side that can be stepped to.
DAYS = 3

#: A day without a service is shown over these hours, so that it can be looked at all the same.
IDLE = (timedelta(hours=12), timedelta(hours=23))


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What is shown, and what else could be."""

    restaurant: Restaurant
    day: date
    days: tuple[date, ...]
    services: tuple[str, ...]
    service: str
    opens: datetime
    closes: datetime


def choose(restaurant: Restaurant, asked: QueryDict, *, now: datetime) -> Choice:
    """The evening asked for; what is asked wrongly falls back on today and the service that runs or comes."""
    calendar = load_calendar(restaurant)
    day = _day(asked.get("day", ""), calendar, now)
    sittings = sorted(calendar.sittings_on(day), key=lambda sitting: sitting.opens)
    sitting = _sitting(sittings, asked.get("service", ""), now)
    opens, closes = (sitting.opens, sitting.closes) if sitting else _idle(day, calendar)
    return Choice(
        restaurant=restaurant,
        day=day,
        days=tuple(day + timedelta(days=step) for step in range(-1, DAYS)),
        services=tuple(dict.fromkeys(s.name for s in sittings)),
        service=sitting.name if sitting else "",
        opens=opens,
        closes=closes,
    )


def _day(text: str, calendar: Calendar, now: datetime) -> date:
    """The day asked for, or that of the service that runs: past midnight that is yesterday's."""
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        running = calendar.sitting_at(now)
        return running.day if running else now.astimezone(calendar.tz).date()
    return min(max(asked, date(2000, 1, 1)), date(2100, 1, 1))


def _sitting(sittings: list[Sitting], name: str, now: datetime) -> Sitting | None:
    named = [sitting for sitting in sittings if sitting.name == name]
    to_come = [sitting for sitting in sittings if sitting.closes > now]
    found = named or to_come or sittings[-1:]
    return found[0] if found else None


def _idle(day: date, calendar: Calendar) -> tuple[datetime, datetime]:
    midnight = datetime(day.year, day.month, day.day, tzinfo=calendar.tz)
    return midnight + IDLE[0], midnight + IDLE[1]
