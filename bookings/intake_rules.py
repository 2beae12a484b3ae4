"""The rules of intake, one check each: what a new booking and a changed one have to keep.

Each check raises IntakeError, naming field and way out.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from bookings.calendar import Calendar, LocalTimeError, Sitting, load_calendar, resolve_local
from bookings.models import Restaurant, TableAttribute, Zone
from bookings.pacing import Arriving, Pace, arriving, has_room, nearest_room, pace_of

#: A start further ahead than this is a slip in the year, not a booking.
FURTHEST_AHEAD = timedelta(days=3653)

#: A shorter stay is a slip in the time, or somebody who wants the table without the guests.
SHORTEST_STAY = timedelta(minutes=15)

#: The most guests a booking can state: what its column holds.
MOST_GUESTS = 32_767

#: The most characters of each text: what its column holds, and for notes what people still read.
LONGEST_TEXT = {
    "channel": 40,
    "idempotency_key": 200,
    "guest_name": 200,
    "guest_email": 254,
    "guest_phone": 40,
    "notes": 2_000,
}


class IntakeError(ValueError):
    """A booking that cannot be taken: the field at fault, why, and the way out."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """A period [start, end) in UTC within a sitting of the restaurant."""

    sitting: Sitting
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a restaurant's bookings are checked against, read once. `count` counts who arrives already."""

    calendar: Calendar
    pace: Pace | None
    count: Arriving = arriving


def terms_of(restaurant: Restaurant) -> Terms:
    """The restaurant's terms as they are now (four queries)."""
    return Terms(calendar=load_calendar(restaurant), pace=pace_of(restaurant))


def check_texts(texts: Mapping[str, str | None]) -> None:
    """Refuse texts that their columns cannot hold."""
    for name, longest in LONGEST_TEXT.items():
        text = texts.get(name) or ""
        if len(text) > longest:
            raise IntakeError(name, f"{len(text)} characters are too many; write at most {longest}")
        if not _is_storable(text):
            raise IntakeError(name, "it has a character that cannot be stored (NUL or a lone surrogate)")


def _is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def check_party(restaurant: Restaurant, party_size: int, *, by_staff: bool) -> None:
    """Refuse a closed house, and parties that are none or that only staff may enter."""
    if not restaurant.active:
        raise IntakeError("restaurant", f"{restaurant.name} takes no bookings at present")
    if party_size < 1:
        raise IntakeError("party_size", f"{party_size} is no party; give the number of guests")
    if party_size > MOST_GUESTS:
        raise IntakeError("party_size", f"more than {MOST_GUESTS} guests are no booking; check the number")
    if party_size > restaurant.max_party_auto and not by_staff:
        raise IntakeError(
            "party_size",
            f"{party_size} guests are more than {restaurant.name} seats without a call "
            f"({restaurant.max_party_auto}); call the restaurant",
        )


def check_email(address: str) -> None:
    """Refuse what is no e-mail address; none at all is fine."""
    if not address:
        return
    try:
        validate_email(address)
    except ValidationError:
        raise IntakeError(
            "guest_email", "this is no e-mail address; write it like name@example.org"
        ) from None


def check_needs(restaurant: Restaurant, zone: Zone | None, requires: Collection[str]) -> None:
    """Refuse zones of other houses and attributes nobody offers."""
    if zone is not None and zone.restaurant_id != restaurant.pk:
        raise IntakeError("zone", f"{zone.name} is not a zone of {restaurant.name}")
    unknown = sorted(set(requires) - set(TableAttribute.values))
    if unknown:
        raise IntakeError(
            "requires", f"{_listed(unknown)} is not offered; known: {_listed(TableAttribute.values)}"
        )


def stay_of(
    *,
    restaurant: Restaurant,
    party_size: int,
    start: datetime,
    end: datetime | None,
    now: datetime,
    calendar: Calendar | None = None,
) -> Stay:
    """The stay that was asked for, within a service and ahead; without `end` the party's turn time.

    The calendar is read unless it is given.
    """
    calendar = calendar or load_calendar(restaurant)
    start = instant(calendar, "start", start)
    sitting = _sitting(restaurant, calendar, start, now)
    until = _end(calendar, sitting, start, end, party_size)
    if end is not None and until - start < SHORTEST_STAY:
        shortest = SHORTEST_STAY // timedelta(minutes=1)
        raise IntakeError("end", f"a stay is {shortest} minutes or longer; give a later one")
    _check_sitting(restaurant, sitting, start, until, now)
    return Stay(sitting=sitting, start=start, end=until)


def instant(calendar: Calendar, field: str, moment: datetime) -> datetime:
    """The moment in UTC: durations between aware times of another zone would be wall-clock durations."""
    try:
        if moment.utcoffset() is not None:
            return moment.astimezone(UTC)
        return resolve_local(moment.replace(tzinfo=None), calendar.tz)
    except LocalTimeError as error:
        raise IntakeError(field, str(error)) from error
    except OverflowError:
        raise IntakeError(field, f"the year {moment.year} is out of range; check the date") from None


def _sitting(restaurant: Restaurant, calendar: Calendar, start: datetime, now: datetime) -> Sitting:
    if start < now:
        raise IntakeError("start", f"{start:%Y-%m-%d %H:%M} UTC has passed; choose a later time")
    if start > now + FURTHEST_AHEAD:
        raise IntakeError("start", f"the year {start.year} is too far ahead; check the date")
    sitting = calendar.sitting_at(start)
    if sitting is None:
        local = start.astimezone(calendar.tz)
        services = ", ".join(
            f"{s.name} {s.opens.astimezone(calendar.tz):%H:%M}-{s.closes.astimezone(calendar.tz):%H:%M}"
            for s in calendar.sittings_on(local.date())
        )
        raise IntakeError(
            "start",
            f"{restaurant.name} does not serve at {local:%Y-%m-%d %H:%M}; "
            f"that day it serves: {services or 'nothing, so choose another day'}",
        )
    return sitting


def _end(
    calendar: Calendar, sitting: Sitting, start: datetime, asked: datetime | None, party_size: int
) -> datetime:
    if asked is None:
        return start + calendar.stay(service_name=sitting.name, party_size=party_size)
    end = instant(calendar, "end", asked)
    if end <= start:
        raise IntakeError(
            "end", f"{asked.isoformat()} is not after the start; give a later one or leave it out"
        )
    return end


def _check_sitting(
    restaurant: Restaurant, sitting: Sitting, start: datetime, end: datetime, now: datetime
) -> None:
    if sitting.takes(start, end):
        return
    tz = restaurant.tzinfo
    closes = f"{sitting.closes.astimezone(tz):%H:%M}"
    minutes = (end - start) // timedelta(minutes=1)
    latest = sitting.latest_start(end - start)
    if latest is None:
        raise IntakeError(
            "end",
            f"{minutes} minutes are longer than {sitting.name} lasts; give an end no later than {closes}",
        )
    way_out = f"the latest start is {latest.astimezone(tz):%H:%M}" if latest >= now else "choose another day"
    raise IntakeError(
        "start",
        f"{start.astimezone(tz):%H:%M} is too late for {minutes} minutes at {sitting.name}, "
        f"which closes at {closes}; {way_out}",
    )


def check_pacing(
    restaurant: Restaurant,
    stay: Stay,
    party_size: int,
    *,
    now: datetime,
    but: int | None = None,
    terms: Terms | None = None,
) -> None:
    """Refuse more arrivals than the kitchen takes at once; the booking with id `but` is not counted.

    The restaurant's terms are read unless they are given.
    """
    pace, count = (terms.pace, terms.count) if terms else (pace_of(restaurant), arriving)
    if pace is None or has_room(
        pace=pace, restaurant_id=restaurant.pk, start=stay.start, party_size=party_size, but=but, count=count
    ):
        return
    if party_size > pace.max_covers:
        raise IntakeError(
            "party_size",
            f"{party_size} guests are more than {restaurant.name} lets arrive at once "
            f"({pace.max_covers}); book parties that arrive one after the other",
        )
    nearest = nearest_room(
        pace=pace,
        restaurant_id=restaurant.pk,
        start=stay.start,
        party_size=party_size,
        within=(max(stay.sitting.opens, now), stay.sitting.latest_start(stay.end - stay.start) or stay.start),
        but=but,
        count=count,
    )
    way_out = (
        f"the nearest free time is {nearest.astimezone(restaurant.tzinfo):%H:%M}"
        if nearest
        else "choose another day"
    )
    raise IntakeError(
        "start",
        f"too many guests arrive at {stay.start.astimezone(restaurant.tzinfo):%H:%M} already; {way_out}",
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
