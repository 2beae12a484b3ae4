"""Rows of the plan in words: what a page showed is compared with what stands when it is saved.

The words go along with the form, signed, so that a form knows what its person saw.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db.models import Model

from bookings.models import (
    Closure,
    Combination,
    PacingLimit,
    ServicePeriod,
    Table,
    TableBlock,
    TurnTime,
    Zone,
)
from config.console.restaurants.drawing import natural
from config.console.restaurants.plan_form import neighbours_of

#: A row by the names of what can be edited.
Words = Mapping[str, str]

_SALT = "floor plan, as it was shown"
_NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that is no longer as it was shown."""

    name: str
    then: str
    now: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Editor:
    """Who edited a row last, if the log of changes knows."""

    name: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a form was shown, and when."""

    words: Words
    at: datetime | None


def sealed(words: Words, at: datetime) -> str:
    """What a form carries."""
    return signing.dumps({"words": dict(words), "at": at.isoformat()}, salt=_SALT, compress=True)


def opened(text: str) -> Seen:
    """What a form carried; nothing if it was made up."""
    try:
        found = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        return Seen(words={}, at=None)
    return Seen(words=found["words"], at=datetime.fromisoformat(found["at"]))


def differences(then: Words, now: Words) -> list[Difference]:
    """What changed in between, in the order of the page."""
    names = dict.fromkeys([*now, *then])
    pairs = ((name, then.get(name, _NONE), now.get(name, _NONE)) for name in names)
    return [Difference(name=name, then=old, now=new) for name, old, new in pairs if old != new]


def last_editor(row: Model, *, since: datetime | None) -> Editor | None:
    """Who edited the row last since then, if the log of changes knows (one query)."""
    if since is None:
        return None
    kind = ContentType.objects.get_for_model(type(row))
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(row.pk), action_time__gte=since)
    entry = entries.select_related("user").order_by("-action_time").first()
    return Editor(name=entry.user.get_username(), at=entry.action_time) if entry else None


def table(row: Table) -> Words:
    return {
        "Number": row.number,
        "Zone": row.zone.name,
        "Seats": str(row.capacity),
        "Party alone": f"{row.min_party} to {row.max_party}",
        "Movable": _yes(row.movable),
        "Offers": offers(row),
        "In service": _yes(row.active),
    }


def neighbours(row: Table) -> Words:
    pairs = neighbours_of(row)
    ids = {pk for pair in pairs for pk in (pair.table_low_id, pair.table_high_id)} - {row.pk}
    return {"Zone": row.zone.name, "Next to": _numbers(Table.objects.filter(pk__in=ids))}


def combination(row: Combination) -> Words:
    return {"Name": row.name, "Seats together": str(row.capacity), "Tables": _numbers(row.tables.all())}


def block(row: TableBlock) -> Words:
    return {"Table": row.table.number, "Period": period(row), "Reason": row.reason or _NONE}


def zone(row: Zone) -> Words:
    return {"Name": row.name, "Kind": row.get_kind_display(), "Order": str(row.sort_order)}


def service(row: ServicePeriod) -> Words:
    return {"Name": row.name, "Day": row.get_weekday_display(), "Hours": hours(row)}


def turn_time(row: TurnTime) -> Words:
    return {
        "Service": row.service_name or "every service",
        "Parties": f"{row.min_party} to {row.max_party}",
        "Minutes": str(row.minutes),
    }


def pacing(row: PacingLimit) -> Words:
    return {"Limit": f"{row.max_covers} guests in {row.interval_minutes} min"}


def closure(row: Closure) -> Words:
    return {"Days": f"{row.starts_on} to {row.ends_on}", "Reason": row.reason or _NONE}


def offers(row: Table) -> str:
    return ", ".join(name.replace("_", " ") for name in row.attributes) or _NONE


def hours(row: ServicePeriod) -> str:
    last = f", last seating {row.last_seating:%H:%M}" if row.last_seating else ""
    return f"{row.opens:%H:%M} to {row.closes:%H:%M}{last}"


def period(row: TableBlock) -> str:
    """On the restaurant's clock."""
    tz = row.restaurant.tzinfo
    start, end = row.start_at.astimezone(tz), row.end_at.astimezone(tz)
    same_day = start.date() == end.date()
    return (
        f"{start:%a %d %b %H:%M} to {end:%H:%M}"
        if same_day
        else f"{start:%a %d %b %H:%M} to {end:%a %d %b %H:%M}"
    )


def _numbers(tables: Sequence[Table] | Any) -> str:
    return ", ".join(_in_order(tables)) or _NONE


def _in_order(tables: Any) -> Iterator[str]:
    return iter(sorted((table.number for table in tables), key=natural))


def _yes(value: bool) -> str:  # noqa: FBT001 - a column
    return "yes" if value else "no"
