"""Stuck bookings and mails as the page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Window

from assignments.coordinator.retry_policy import MAX_ATTEMPTS
from assignments.stuck.causes import MOST, THRESHOLDS, Cause, Lease, Stuck
from bookings.display.looks import Look, look
from bookings.models import Booking, MailStatus, OutboxMessage
from bookings.outbox.delivery import STALE_AFTER
from config.console.elapsed import elapsed
from config.console.local_time import LocalTime, local_time
from observability.scope import Scope

#: Heading of each cause and what it means.
_TOLD: Mapping[Cause, tuple[str, str]] = {
    Cause.EXPIRED_LEASE: (
        "Expired lease",
        "A run began and its worker is gone. The sweeper takes such bookings back within seconds.",
    ),
    Cause.MISSED_RETRY: ("Missed retry", "The next attempt is overdue: its task was lost or still waits."),
    Cause.NEVER_ENQUEUED: ("Never taken up", "No attempt of this cycle began: the task was never enqueued."),
    Cause.STANDING_STILL: ("Standing still", "On its way, but it has not moved for too long."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`key` is what a form sends: the booking and the version that was shown."""

    key: str
    booking: Booking
    stuck: Stuck
    look: Look
    seating: LocalTime
    age: str
    lease: str
    next_try: str
    next_at: LocalTime | None
    attempts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Bookings of one cause; `count` includes those that are not listed."""

    slug: str
    label: str
    meaning: str
    threshold: str
    count: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MailRow:
    mail: OutboxMessage
    age: str
    since: LocalTime


@dataclass(frozen=True, kw_only=True, slots=True)
class Mails:
    """Mails that may or may not have been accepted; only people can tell."""

    count: int
    threshold: str
    rows: tuple[MailRow, ...]


def rows_of(found: Sequence[Stuck], *, now: datetime) -> list[Row]:
    """One query, for the bookings."""
    bookings = Booking.objects.select_related("restaurant").in_bulk([item.booking_id for item in found])
    return [_row(item, bookings[item.booking_id], now) for item in found if item.booking_id in bookings]


def grouped(rows: Sequence[Row]) -> list[Group]:
    """The rows by cause; causes without any are left out."""
    return [
        _group(cause, mine)
        for cause in Cause
        if (mine := tuple(row for row in rows if row.stuck.cause is cause))
    ]


def unknown_mails(*, scope: Scope, now: datetime) -> Mails:
    """One query."""
    mails = scope.narrow(OutboxMessage.objects.filter(status=MailStatus.UNKNOWN), "booking__restaurant")
    rows = list(
        mails.select_related("booking__restaurant")
        .annotate(in_all=Window(Count("pk")))
        .order_by("claimed_at", "pk")[:MOST]
    )
    return Mails(
        count=getattr(rows[0], "in_all", 0) if rows else 0,
        threshold=elapsed(STALE_AFTER),
        rows=tuple(_mail_row(mail, now) for mail in rows),
    )


def _group(cause: Cause, rows: tuple[Row, ...]) -> Group:
    label, meaning = _TOLD[cause]
    return Group(
        slug=cause.value,
        label=label,
        meaning=meaning,
        threshold=elapsed(THRESHOLDS[cause]),
        count=rows[0].stuck.of_cause,
        rows=rows,
    )


def _row(item: Stuck, booking: Booking, now: datetime) -> Row:
    due = item.next_attempt_at
    return Row(
        key=f"{item.booking_id}:{item.version}",
        booking=booking,
        stuck=item,
        look=look(item.state),
        seating=local_time(booking.start_at, booking.restaurant),
        age=elapsed(item.age),
        lease=_lease(item.lease),
        next_try=_due(due - now) if due else "none set",
        next_at=local_time(due, booking.restaurant) if due else None,
        attempts=f"{item.cycle_attempts} of {MAX_ATTEMPTS}",
    )


def _lease(lease: Lease | None) -> str:
    if lease is None:
        return "none"
    left = f"{elapsed(lease.left)} left" if lease.is_alive else f"lapsed {elapsed(-lease.left)} ago"
    return f"run {lease.run}, slot {lease.slot}, {left}"


def _due(distance: timedelta) -> str:
    return f"in {elapsed(distance)}" if distance > timedelta(0) else f"due {elapsed(-distance)} ago"


def _mail_row(mail: OutboxMessage, now: datetime) -> MailRow:
    since = mail.claimed_at or mail.created_at
    return MailRow(mail=mail, age=elapsed(now - since), since=local_time(since, mail.booking.restaurant))
