"""A row of a file as a booking that might be taken in."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings import intake
from bookings.imports.errors import RowError
from bookings.imports.houses import House, Houses
from bookings.imports.identity import Alike, digest_of
from bookings.imports.rows import Details, Identity, details_of, identity_of, instant
from bookings.intake import BookingRequest, IntakeError
from bookings.models import BookingStatus

#: Where a booking came from if its row does not tell.
CHANNEL = "import"

_COMING = (BookingStatus.PENDING, BookingStatus.CONFIRMED)

#: What the intake calls a field, as the mapping calls it.
_FIELDS = {"guest_name": "name", "guest_email": "email", "guest_phone": "phone"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A booking not yet taken in. `request.start` is in UTC; `received_at` is None where the row has none."""

    import_key: uuid.UUID
    reference: str
    house: House
    request: BookingRequest
    received_at: datetime | None
    status: BookingStatus | None


def draft_of(
    cells: Mapping[str, str], *, restaurant: str, houses: Houses, alike: Alike, by_staff: bool
) -> Draft:
    """The booking in cells by field. Raises RowError; the row is counted among its like all the same."""
    identity = identity_of(cells, restaurant=restaurant)
    house = houses.house(identity.restaurant)
    start = instant("start", identity.start, house.clock)
    received_at = instant("received_at", identity.received_at, house.clock) if identity.received_at else None
    key = _import_key(identity, house, start, received_at, alike)
    details = details_of(cells)
    return Draft(
        import_key=key,
        reference=identity.reference,
        house=house,
        request=_request(identity, details, house, start, by_staff=by_staff),
        received_at=received_at,
        status=details.status,
    )


def check_coming(draft: Draft, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of a booking that the intake would take. Raises RowError for one it would not."""
    request = draft.request
    if request.start < now:
        raise RowError(
            "start", f"{request.start:%Y-%m-%d %H:%M} UTC has passed; import past bookings as history"
        )
    if draft.status not in (None, *_COMING):
        raise RowError("status", f"a booking that is {draft.status} needs no table; import it as history")
    try:
        intake.check_request(request)
        stay = intake.check_stay(request, now, draft.house.terms)
    except IntakeError as error:
        raise _row_error(error) from error
    return stay.start, stay.end


def check_past(draft: Draft, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of a booking that is over or cancelled. Raises RowError for one that is not."""
    request = draft.request
    if request.start > now and draft.status != BookingStatus.CANCELLED:
        raise RowError(
            "start",
            f"{request.start:%Y-%m-%d %H:%M} UTC has not passed; import coming bookings not as history",
        )
    try:
        intake.check_request(request)
        intake.check_guest(request)
    except IntakeError as error:
        raise _row_error(error) from error
    end = request.end or request.start + _stay(draft)
    if end <= request.start:
        raise RowError("end", f"{end:%Y-%m-%d %H:%M} UTC is not after the start; give a later one or none")
    return request.start, end


def _import_key(
    identity: Identity, house: House, start: datetime, received_at: datetime | None, alike: Alike
) -> uuid.UUID:
    if not identity.reference:
        same = digest_of(house.restaurant.pk, start, received_at, identity.party_size)
        return digest_of(str(same), alike.count(same))
    key = digest_of(house.restaurant.pk, identity.reference)
    if alike.count(key) > 1:
        raise RowError("reference", f"{identity.reference!r} is in the file more than once")
    return key


def _request(
    identity: Identity, details: Details, house: House, start: datetime, *, by_staff: bool
) -> BookingRequest:
    return BookingRequest(
        restaurant=house.restaurant,
        party_size=identity.party_size,
        start=start,
        end=instant("end", details.end, house.clock) if details.end else None,
        channel=details.channel or CHANNEL,
        guest_name=details.name,
        guest_email=details.email,
        guest_phone=details.phone,
        notes=details.notes,
        zone=house.zone(details.zone),
        requires=details.requires,
        by_staff=by_staff,
    )


def _stay(draft: Draft) -> timedelta:
    """The turn time; of the service if the restaurant still has one at that hour."""
    calendar, request = draft.house.terms.calendar, draft.request
    sitting = calendar.sitting_at(request.start)
    return calendar.stay(service_name=sitting.name if sitting else "", party_size=request.party_size)


def _row_error(error: IntakeError) -> RowError:
    return RowError(_FIELDS.get(error.field, error.field), error.message)
