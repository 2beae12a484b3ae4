"""Intake: receives a booking, refuses what cannot be served, saves it and has it assigned.

The booking, its first history row and its task are saved in one transaction: what was accepted
is there and will be worked on, whatever fails next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from bookings import state_machine
from bookings.calendar import Calendar, LocalTimeError, Sitting, load_calendar, resolve_local
from bookings.models import Booking, Restaurant, TableAttribute, Zone
from bookings.pacing import has_room, nearest_room, pace_of
from bookings.queue import enqueue
from bookings.references import new_reference
from bookings.states import State

ASSIGN_TASK = "assignments.tasks.assign"

#: Tries at a reference nobody has yet; one in 600 million is taken for each booking there is.
REFERENCE_TRIES = 5

#: A start further ahead than this is a slip in the year, not a booking.
FURTHEST_AHEAD = timedelta(days=3653)

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
class BookingRequest:
    """What a channel asks for. A naive `start` or `end` is local to the restaurant.

    Without `end` the party stays its turn time. `by_staff` admits parties above the restaurant's
    limit for automatic seating and arrivals above its pacing; they go to manual review.
    """

    restaurant: Restaurant
    party_size: int
    start: datetime
    channel: str
    end: datetime | None = None
    idempotency_key: str | None = None
    guest_name: str = ""
    guest_email: str = ""
    guest_phone: str = ""
    notes: str = ""
    zone: Zone | None = None
    requires: tuple[str, ...] = ()
    by_staff: bool = False


def receive(*, request: BookingRequest, now: datetime) -> Booking:
    """Check and save a booking and enqueue its assignment; return it.

    A repeated idempotency key of a channel returns the booking of the first time.
    Raises IntakeError, naming field and way out, for what cannot be taken; then nothing is saved.
    """
    _check_texts(request)
    earlier = _earlier(request)
    if earlier is not None:
        return earlier
    calendar = load_calendar(request.restaurant)
    _check_party(request)
    _check_needs(request)
    start = _instant(calendar, "start", request.start)
    sitting = _sitting(request.restaurant, calendar, start, now)
    end = _end(request, calendar, sitting, start)
    _check_sitting(request.restaurant, sitting, start, end, now)
    _check_pacing(request, sitting, start, end, now)
    return _save(request, start, end, now)


def _check_texts(request: BookingRequest) -> None:
    """Refuse what the columns cannot hold, and keys that would take every guest for the same one."""
    for name, longest in LONGEST_TEXT.items():
        text = getattr(request, name) or ""
        if len(text) > longest:
            raise IntakeError(name, f"{len(text)} characters are too many; write at most {longest}")
        if not _is_storable(text):
            raise IntakeError(name, "it has a character that cannot be stored (NUL or a lone surrogate)")
    if not request.channel.strip():
        raise IntakeError("channel", "name where the booking comes from")
    if request.idempotency_key is not None and not request.idempotency_key.strip():
        raise IntakeError("idempotency_key", "it is empty; leave it out or send one of the booking's own")


def _is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _earlier(request: BookingRequest) -> Booking | None:
    if request.idempotency_key is None:
        return None
    return Booking.objects.filter(channel=request.channel, idempotency_key=request.idempotency_key).first()


def _check_party(request: BookingRequest) -> None:
    restaurant = request.restaurant
    if not restaurant.active:
        raise IntakeError("restaurant", f"{restaurant.name} takes no bookings at present")
    if request.party_size < 1:
        raise IntakeError("party_size", f"{request.party_size} is no party; give the number of guests")
    if request.party_size > MOST_GUESTS:
        raise IntakeError("party_size", f"more than {MOST_GUESTS} guests are no booking; check the number")
    if request.party_size > restaurant.max_party_auto and not request.by_staff:
        raise IntakeError(
            "party_size",
            f"{request.party_size} guests are more than {restaurant.name} seats without a call "
            f"({restaurant.max_party_auto}); call the restaurant",
        )


def _check_needs(request: BookingRequest) -> None:
    if request.guest_email:
        try:
            validate_email(request.guest_email)
        except ValidationError:
            raise IntakeError(
                "guest_email", "this is no e-mail address; write it like name@example.org"
            ) from None
    if request.zone is not None and request.zone.restaurant_id != request.restaurant.pk:
        raise IntakeError("zone", f"{request.zone.name} is not a zone of {request.restaurant.name}")
    unknown = sorted(set(request.requires) - set(TableAttribute.values))
    if unknown:
        raise IntakeError(
            "requires", f"{_listed(unknown)} is not offered; known: {_listed(TableAttribute.values)}"
        )


def _instant(calendar: Calendar, field: str, moment: datetime) -> datetime:
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


def _end(request: BookingRequest, calendar: Calendar, sitting: Sitting, start: datetime) -> datetime:
    if request.end is None:
        return start + calendar.stay(service_name=sitting.name, party_size=request.party_size)
    end = _instant(calendar, "end", request.end)
    if end <= start:
        raise IntakeError(
            "end", f"{request.end.isoformat()} is not after the start; give a later one or leave it out"
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


def _check_pacing(
    request: BookingRequest, sitting: Sitting, start: datetime, end: datetime, now: datetime
) -> None:
    if request.by_staff:
        return  # staff see the room; the claim checks again and hands what is too much to people
    restaurant = request.restaurant
    pace = pace_of(restaurant)
    if pace is None or has_room(
        pace=pace, restaurant_id=restaurant.pk, start=start, party_size=request.party_size
    ):
        return
    if request.party_size > pace.max_covers:
        raise IntakeError(
            "party_size",
            f"{request.party_size} guests are more than {restaurant.name} lets arrive at once "
            f"({pace.max_covers}); book parties that arrive one after the other",
        )
    nearest = nearest_room(
        pace=pace,
        restaurant_id=restaurant.pk,
        start=start,
        party_size=request.party_size,
        within=(max(sitting.opens, now), sitting.latest_start(end - start) or start),
    )
    way_out = (
        f"the nearest free time is {nearest.astimezone(restaurant.tzinfo):%H:%M}"
        if nearest
        else "choose another day"
    )
    raise IntakeError(
        "start",
        f"too many guests arrive at {start.astimezone(restaurant.tzinfo):%H:%M} already; {way_out}",
    )


def _save(request: BookingRequest, start: datetime, end: datetime, now: datetime) -> Booking:
    for _ in range(REFERENCE_TRIES):
        reference = new_reference()
        try:
            with transaction.atomic():
                booking = _insert(request, reference, start, end, now)
                state_machine.begin(booking=booking, at=now)
                enqueue(ASSIGN_TASK, booking.pk, "intake")
        except IntegrityError:
            # The same key sent twice at once: the other one won, its booking is the answer.
            earlier = _earlier(request)
            if earlier is not None:
                return earlier
            # Asked of the table, not of the message, which quotes the row and its guest.
            if not Booking.objects.filter(reference=reference).exists():
                raise
        else:
            return booking
    raise IntakeError("reference", "no free booking reference was found; send the booking again")


def _insert(
    request: BookingRequest, reference: str, start: datetime, end: datetime, now: datetime
) -> Booking:
    return Booking.objects.create(
        restaurant=request.restaurant,
        reference=reference,
        party_size=request.party_size,
        start_at=start,
        end_at=end,
        channel=request.channel,
        idempotency_key=request.idempotency_key,
        guest_name=request.guest_name,
        guest_email=request.guest_email,
        guest_phone=request.guest_phone,
        notes=request.notes,
        zone=request.zone,
        requires=sorted(set(request.requires)),
        assignment_state=State.CREATED,
        assignment_state_version=1,
        created_at=now,
        updated_at=now,
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
