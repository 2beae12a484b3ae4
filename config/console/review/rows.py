"""A row of the queue: what people need to choose a case, from what was read for all rows at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from assignments.decision_text import sentence
from assignments.engine.reasons import Reason
from assignments.models import ReviewCase
from assignments.review.deadlines import Band, Deadline, deadline
from bookings.models import Booking, ChangeWish
from config.console.frame import initials
from config.console.local_time import LocalTime, local_time
from config.console.review.fix_text import FixLine, Names, line, names_for

_BAND_ICONS = {
    Band.CALL: "phone",
    Band.OVER: "bad",
    Band.SOON: "warn",
    Band.OK: "clock",
    Band.SNOOZED: "stale",
}
_BAND_WORDS = {
    Band.CALL: "call the guest",
    Band.OVER: "past target",
    Band.SOON: "due soon",
    Band.OK: "review target",
    Band.SNOOZED: "put aside",
}


#: What a row has room for; the whole sentence stands on the case's page.
_SHORT = {
    Reason.PARTY_TOO_LARGE: "Too large to be seated by itself",
    Reason.NO_CAPACITY_AT_TIME: "No legal seating, proven",
    Reason.PACING: "Too many arrivals at once",
    Reason.BLOCKED: "Tables that suit are out of service",
    Reason.ATTRIBUTE_UNMET: "Nothing has all that was asked for",
    Reason.OUTSIDE_SERVICE: "Outside the services",
    Reason.TOO_CLOSE_TO_START: "Starts too soon to be planned",
    Reason.ATTEMPTS_EXHAUSTED: "All attempts failed",
    Reason.POISONED: "Ends the worker that plans it",
    Reason.UNDECIDED: "Neither seating nor proof in time",
    Reason.NO_ASSIGNMENT: "No table by the rules tried",
    Reason.ALLOCATION_LOST: "Lost its table to others",
    Reason.ERROR: "An unexpected error",
    Reason.BOOKING_CHANGED: "Changed, and the table does not suit",
    Reason.TABLE_WITHDRAWN: "Its table was withdrawn",
    Reason.STAFF: "Taken back by staff",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """The deadline in words, such as "12 min late" over "call the guest"."""

    band: str
    icon: str
    words: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    initials: str
    name: str
    is_me: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    case: ReviewCase
    booking: Booking
    due: Due
    seating: LocalTime
    seats_in: str
    needs: tuple[str, ...]
    reason: str
    fix: FixLine | None
    owner: Owner | None
    now_fits: bool


def rows_of(cases: Sequence[ReviewCase], *, user: User, now: datetime) -> list[Row]:
    """Rows of cases read by `assignments.review.queue.open_cases` (three queries)."""
    bookings = [case.booking for case in cases]
    best = [case.fixes[0] for case in cases if case.fixes]
    names = names_for(bookings, best)
    return [_row(case, names, user, now) for case in cases]


def due_of(case: ReviewCase, now: datetime) -> Due:
    """The deadline of a case as it is shown."""
    found = deadline(
        opened_at=case.opened_at,
        start_at=case.booking.start_at,
        snoozed_until=case.snoozed_until,
        now=now,
    )
    at = case.snoozed_until if found.band is Band.SNOOZED and case.snoozed_until else found.at
    return due_words(Deadline(at=at, band=found.band), now)


def due_words(found: Deadline, now: datetime) -> Due:
    """A deadline as it is shown."""
    return Due(
        band=found.band.value,
        icon=_BAND_ICONS[found.band],
        words=_distance(found.at - now),
        note=_BAND_WORDS[found.band],
    )


def needs_of(row: Booking | ChangeWish) -> tuple[str, ...]:
    """Zone and attributes asked for."""
    zone = (row.zone.name,) if row.zone else ()
    return (*zone, *(need.replace("_", " ").capitalize() for need in row.requires))


def owner_of(case: ReviewCase, user: User, now: datetime) -> Owner | None:
    """Who works on the case now."""
    if case.owner is None or case.claimed_until is None or case.claimed_until <= now:
        return None
    name = case.owner.get_full_name() or case.owner.get_username()
    return Owner(initials=initials(name), name=name, is_me=case.owner == user)


def in_words(span: timedelta) -> str:
    """A span as people say it: 42 min, 1 h 48, 3 days."""
    minutes = round(abs(span).total_seconds() / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02}"
    days = minutes // (24 * 60)
    return "1 day" if days == 1 else f"{days} days"


def _row(case: ReviewCase, names: Names, user: User, now: datetime) -> Row:
    booking = case.booking
    return Row(
        case=case,
        booking=booking,
        due=due_of(case, now),
        seating=local_time(booking.start_at, booking.restaurant),
        seats_in=_seats_in(booking.start_at - now),
        needs=needs_of(booking),
        reason=short_reason(case.reason),
        fix=line(case.fixes[0], booking, names) if case.fixes else None,
        owner=owner_of(case, user, now),
        now_fits=getattr(case, "now_fits", False),
    )


def short_reason(code: str | None) -> str:
    """Why, as a row has room for it."""
    known = code or Reason.STAFF.value
    return _SHORT.get(Reason(known), sentence(known)) if known in set(Reason) else sentence(known)


def _distance(span: timedelta) -> str:
    return f"{in_words(span)} late" if span < timedelta(0) else f"in {in_words(span)}"


def _seats_in(span: timedelta) -> str:
    return f"seats in {in_words(span)}" if span >= timedelta(0) else f"{in_words(span)} ago"
