"""Guests are forgotten once their evening is long over, where the house has set a number of days.

What belongs to a booking goes with it. Words that belong to none are found by the guest's address alone,
which takes reading whole tables: they go when a guest asks (`guests`).
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from bookings.models import Booking, MailKind
from bookings.outbox.promise import void_pending
from bookings.privacy.identity import Guest
from bookings.privacy.rows import replace, rows_of, theirs_of
from bookings.states import State
from observability import events

#: Bookings of one round: some hundred statements, over before the next round of upkeep.
AT_ONCE = 25

#: Kept answers go by days of their own; the log of actions is not for workers to see (ADR 0100).
NOT_BY_AGE = frozenset({"bookings.ApiAnswer", "admin.LogEntry"})


def forget(*, now: datetime) -> int:
    """Take the guests out of the oldest bookings whose days are over, AT_ONCE of them; return how many.

    Bookings come due once a day, at midnight UTC; in between this is a look into an index. A booking that
    people still have to decide about waits for them. Mails not sent yet are taken back.
    """
    days = settings.GUEST_RETENTION_DAYS
    if days is None:
        return 0
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction.atomic():
        due = _due(until=midnight - timedelta(days=days))
        for booking in due:
            _forget(booking, now)
        if due:
            Booking.objects.filter(pk__in=[booking.pk for booking in due]).update(guest_forgotten_at=now)
            _tell(len(due), days, now)
    return len(due)


def _due(*, until: datetime) -> list[Booking]:
    """Locked, so that nobody changes or mails them meanwhile; those that somebody else holds come later."""
    return list(
        Booking.objects.filter(guest_forgotten_at__isnull=True, end_at__lt=until)
        .exclude(assignment_state=State.MANUAL_REVIEW)
        .order_by("end_at")
        .select_for_update(skip_locked=True)[:AT_ONCE]
    )


def _forget(booking: Booking, now: datetime) -> None:
    """Each by itself: a name is taken out of words about its own booking, not of its neighbours'."""
    void_pending(booking_id=booking.pk, kinds=list(MailKind), now=now)
    guest = Guest(reference=booking.reference)
    for row in rows_of(guest, theirs_of(guest), besides=NOT_BY_AGE):
        if row.after:
            replace(row)


def _tell(bookings: int, days: int, now: datetime) -> None:
    context = {"bookings": bookings, "days": days}
    events.record(
        [events.Record(source=events.BOOKINGS, event_type="guests.forgotten", at=now, context=context)]
    )
