"""What the booking page shows of this floor: tables held, state history, moves, mails and events."""

import json
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from bookings.admin.outbox import mail_chip
from bookings.admin.sections import MOST_ROWS, Section, booking_section, bounded
from bookings.display import show
from bookings.models import Booking
from observability.models import Event


@booking_section(10)
def allocations(booking: Booking) -> Section:
    tz = booking.restaurant.tzinfo
    held, more = _first(booking.allocations.select_related("table").order_by("-active", "-id"))
    rows = [
        {
            "table": item.table.number,
            "start": show.local_moment(item.period.lower, tz),
            "end": show.local_moment(item.period.upper, tz),
            "chip": show.chip("Held", "good", "ok") if item.active else show.chip("Released", "line", "x"),
        }
        for item in held
    ]
    return Section(
        title="Tables held",
        template="bookings/sections/allocations.html",
        rows=rows,
        more=more,
        all_url=_list_of("bookings_allocation", booking),
        empty="No table has been held for this booking.",
    )


@booking_section(20)
def state_history(booking: Booking) -> Section:
    tz = booking.restaurant.tzinfo
    changes, more = _first(booking.state_history.select_related("actor").order_by("-version"))
    rows = [
        {
            "version": change.version,
            "when": show.local_moment(change.created_at, tz, seconds=True),
            "chip": show.state_chip(change.to_state),
            "reason": change.reason,
            "by": str(change.actor) if change.actor else "automation",
            "detail": _plain(change.metadata),
        }
        for change in changes
    ]
    return Section(
        title="State history",
        template="bookings/sections/state_history.html",
        rows=rows,
        more=more,
        all_url=_list_of("bookings_statechange", booking),
        empty="Imported history: it takes no part in assignment.",
    )


@booking_section(40)
def moves(booking: Booking) -> Section:
    tz = booking.restaurant.tzinfo
    made, more = _first(
        booking.moves.select_related("for_booking", "actor")
        .annotate(from_numbers=show.TableNumbers("from_tables"), to_numbers=show.TableNumbers("to_tables"))
        .order_by("-id")
    )
    rows = [
        {
            "when": show.local_moment(move.created_at, tz, seconds=True),
            "origin": show.joined(move.from_numbers),
            "destination": show.joined(move.to_numbers),
            "cause": move.cause,
            "for_booking": move.for_booking.reference if move.for_booking else "",
            "by": str(move.actor) if move.actor else "automation",
        }
        for move in made
    ]
    return Section(
        title="Moves to other tables",
        template="bookings/sections/moves.html",
        rows=rows,
        more=more,
        all_url=_list_of("bookings_bookingmove", booking),
        empty="It was never moved.",
    )


@booking_section(50)
def mails(booking: Booking) -> Section:
    tz = booking.restaurant.tzinfo
    promised, more = _first(booking.mails.order_by("-id"))
    rows = [
        {
            "kind": mail.get_kind_display(),
            "chip": mail_chip(mail.status),
            "due": show.local_moment(mail.due_at, tz, seconds=True),
            "sent": show.local_moment(mail.sent_at, tz, seconds=True),
            "attempts": mail.attempts,
            "error": mail.last_error,
        }
        for mail in promised
    ]
    return Section(
        title="Mails",
        template="bookings/sections/mails.html",
        rows=rows,
        more=more,
        all_url=_list_of("bookings_outboxmessage", booking),
        empty="No mail was due.",
    )


@booking_section(60)
def events(booking: Booking) -> Section:
    tz = booking.restaurant.tzinfo
    told, more = _first(Event.objects.filter(booking_id=booking.pk).order_by("-created_at", "-id"))
    rows = [
        {
            "when": show.local_moment(event.created_at, tz, seconds=True),
            "source": event.source,
            "type": event.event_type,
            "severity": event.get_severity_display(),
            "detail": _plain(event.context),
        }
        for event in told
    ]
    return Section(
        title="Events",
        template="bookings/sections/events.html",
        rows=rows,
        more=more,
        all_url=f"{reverse('admin:events')}?reference={booking.reference}",
        empty="Nothing was recorded.",
    )


def _first(rows: QuerySet[Any]) -> tuple[list[Any], bool]:
    return bounded(rows[: MOST_ROWS + 1])


def _list_of(name: str, booking: Booking) -> str:
    return f"{reverse(f'admin:{name}_changelist')}?q={booking.reference}"


def _plain(facts: dict[str, Any]) -> str:
    """A context as `key value` pairs; what is empty is left out."""
    pairs = ((key, value) for key, value in facts.items() if value not in (None, {}, []))
    return ", ".join(f"{key} {_text(value)}" for key, value in pairs)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
