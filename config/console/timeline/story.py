"""Everything that happened to a booking, newest first: events in bursts, and what people did and wrote."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from assignments.decision_text import sentence
from assignments.models import CaseNote
from bookings.display.looks import look
from bookings.models import Booking, Restaurant
from bookings.states import State
from config.console.local_time import LocalTime, local_time
from observability.models import FAILED, Event

#: Events read at most, the latest.
MOST = 500

#: Events no further apart than this are told as one.
BURST = timedelta(seconds=1)

#: What tells most about a burst comes first; with its tone.
_TELLING: Mapping[str, str] = {
    "coordinator.error": "critical",
    "coordinator.manual_review": "critical",
    "coordinator.confirmed": "good",
    "case.resolved": "person",
    "case.undone": "person",
    "case.requeued": "person",
    "booking.changed": "person",
    "booking.checked_in": "good",
    "booking.completed": "good",
    "booking.no_show": "critical",
    "booking.moved": "watch",
    "auto_assign.summary": "",
    "coordinator.retry": "watch",
    "booking.assignment_state_transition": "",
    "auto_assign.transition": "",
    "mail.unknown": "watch",
    "mail.dead": "critical",
    "webhook.dead": "critical",
    "mail.sent": "good",
}
_ORDER = {event_type: place for place, event_type in enumerate(_TELLING)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that happened. `inside` lists the events of a burst, of which `event_type` tells most;
    `tone` is a class of `.what`."""

    at: datetime
    second: str
    local: LocalTime
    tone: str
    headline: str
    event_type: str = ""
    detail: str = ""
    inside: tuple[str, ...] = ()
    counted: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """An event as it was recorded."""

    local: LocalTime
    second: str
    source: str
    event_type: str
    severity: str
    context: str


def events_of(booking: Booking) -> list[Event]:
    """The latest events in order of time (one query)."""
    rows = Event.objects.filter(booking_id=booking.pk).order_by("-created_at", "-id")[:MOST]
    return list(rows)[::-1]


def log_entries_of(booking: Booking) -> list[LogEntry]:
    """What people did to the booking in the console (one query)."""
    kind = ContentType.objects.get_for_model(Booking)
    rows = LogEntry.objects.filter(content_type=kind, object_id=str(booking.pk))
    return list(rows.select_related("user").order_by("-action_time")[:MOST])


def story(
    booking: Booking, events: Sequence[Event], done: Sequence[LogEntry], notes: Sequence[CaseNote]
) -> list[Entry]:
    """All of it, newest first."""
    house = booking.restaurant
    entries = chain(
        (_told(burst, house) for burst in _bursts(events)),
        (_did(entry, house) for entry in done),
        (_wrote(note, house) for note in notes),
    )
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def raw(events: Sequence[Event], house: Restaurant) -> list[Raw]:
    """Events one by one, newest first."""
    return [
        Raw(
            local=local_time(event.created_at, house),
            second=_second(event.created_at, house),
            source=event.source,
            event_type=event.event_type,
            severity=event.severity,
            context=json.dumps(event.context, ensure_ascii=False) if event.context else "",
        )
        for event in reversed(events)
    ]


def _bursts(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Runs of events with no pause longer than BURST between one and the next."""
    burst: list[Event] = list(events[:1])
    for before, event in pairwise(events):
        if event.created_at - before.created_at > BURST:
            yield burst
            burst = []
        burst.append(event)
    if burst:
        yield burst


def _told(burst: Sequence[Event], house: Restaurant) -> Entry:
    """Of several equally telling ones the last counts: that is where the burst led."""
    main = min(reversed(burst), key=lambda event: _ORDER.get(event.event_type, len(_ORDER)))
    counts = Counter(_name(event) for event in burst)
    failed = any(event.severity in FAILED for event in burst)
    return Entry(
        at=main.created_at,
        second=_second(main.created_at, house),
        local=local_time(main.created_at, house),
        tone="critical" if failed else _tone(main),
        headline=_headline(main),
        event_type=main.event_type,
        detail=_plain(main.context),
        inside=tuple(
            f"{_second(event.created_at, house)} {event.event_type} {_plain(event.context)}".strip()
            for event in burst
        ),
        counted=", ".join(f"{name} x{n}" if n > 1 else name for name, n in counts.items()),
    )


def _tone(event: Event) -> str:
    """A transition into review is told like one by the coordinator."""
    into_review = event.context.get("to") == State.MANUAL_REVIEW
    return "critical" if into_review else _TELLING.get(event.event_type, "")


def _headline(event: Event) -> str:
    context = event.context
    if event.event_type in ("booking.assignment_state_transition", "auto_assign.transition"):
        return look(context.get("to")).label
    why = sentence(context["reason"]) if context.get("reason") else ""
    match event.event_type:
        case "coordinator.confirmed":
            return "Confirmed by automation"
        case "coordinator.manual_review":
            return f"Sent to manual review: {why}" if why else "Sent to manual review"
        case "coordinator.retry":
            return f"Will be tried again: {why}" if why else "Will be tried again"
        case "coordinator.error":
            return "An attempt ended in an error"
        case "booking.moved":
            return "Moved to other tables"
        case "mail.sent" | "mail.unknown" | "mail.dead" | "mail.retry" | "mail.void":
            return (
                f"{str(context.get('kind', '')).capitalize()} mail: {event.event_type.removeprefix('mail.')}"
            )
    return _name(event).capitalize()


def _name(event: Event) -> str:
    """The event's type as words: "lock acquired" of coordinator.lock_acquired."""
    known = "transition" if event.event_type.endswith("transition") else ""
    area, _, rest = event.event_type.partition(".")
    plain = rest if area in ("coordinator", "auto_assign") else event.event_type
    return known or plain.replace(".", " ").replace("_", " ")


def _did(entry: LogEntry, house: Restaurant) -> Entry:
    return Entry(
        at=entry.action_time,
        second=_second(entry.action_time, house),
        local=local_time(entry.action_time, house),
        tone="person",
        headline=f"{entry.user}: {entry.get_change_message() or entry.get_action_flag_display()}",
    )


def _wrote(note: CaseNote, house: Restaurant) -> Entry:
    return Entry(
        at=note.created_at,
        second=_second(note.created_at, house),
        local=local_time(note.created_at, house),
        tone="person",
        headline=f"{note.author} left a note",
        detail=note.text,
    )


def _second(moment: datetime, house: Restaurant) -> str:
    return f"{moment.astimezone(house.tzinfo):%H:%M:%S}"


def _plain(context: Mapping[str, Any]) -> str:
    """Key and value pairs; what is empty is left out."""
    pairs = ((key, value) for key, value in context.items() if value not in (None, "", {}, []))
    return ", ".join(f"{key.replace('_', ' ')} {_text(value)}" for key, value in pairs)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
