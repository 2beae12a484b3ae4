"""What a change would do, in figures: restaurants, bookings to come, runs under way, permits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from assignments.engine.exposure import Exposure
from assignments.engine.flags import BUCKETS
from assignments.flags.foresight import Foreseen
from assignments.flags.proposals import needs_second_person
from assignments.flags.wanted import Action, Wanted
from bookings.models import Booking, BookingStatus
from config.console.flags.kill_switch import Underway, on_v3
from config.console.flags.rows import House
from config.console.flags.wanted_form import as_fields
from config.console.flags.words import wanted_words

#: Bookings that start this soon count as those of the next days.
AHEAD = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A figure before and after; `after` is empty where there is one only."""

    label: str
    before: str
    after: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """A change that is not made yet. `fields` carry it through the form that makes it."""

    title: str
    fields: Mapping[str, str]
    figures: tuple[Figure, ...]
    moved: int
    raises: bool
    needs_two: bool
    changes_nothing: bool


def what_if(wanted: Wanted, foreseen: Foreseen, found: Sequence[House], running: Underway) -> WhatIf:
    """One query, for the bookings to come."""
    names = {house.pk: house.name for house in found}
    return WhatIf(
        title=wanted_words(wanted, names),
        fields=as_fields(wanted),
        figures=tuple(_figures(wanted, foreseen, found, running)),
        moved=len(foreseen.moved),
        raises=foreseen.raises,
        needs_two=needs_second_person(foreseen),
        changes_nothing=foreseen.after == foreseen.snapshot.flags,
    )


def _figures(wanted: Wanted, foreseen: Foreseen, found: Sequence[House], running: Underway) -> list[Figure]:
    before, after = [house.now for house in found], [house.after for house in found]
    coming = bookings_ahead(foreseen.now)
    limits = foreseen.snapshot.flags.max_parallel, foreseen.after.max_parallel
    figures = [
        _figure("Restaurants on V3", on_v3(before), on_v3(after)),
        _figure("In shadow", _in_shadow(before), _in_shadow(after)),
        _figure(
            f"V3's bookings, next {AHEAD.days} days",
            _weighed(found, before, coming),
            _weighed(found, after, coming),
        ),
        _figure("Most runs at once", on_v3(before) * limits[0], on_v3(after) * limits[1]),
    ]
    if wanted.action is Action.COHORT:
        figures.append(Figure(label="Kept by overrides", before=str(_kept(found))))
    keep = running.v3 + running.others
    figures.append(Figure(label="Under way, keep their path", before=f"{keep:,} booking{_s(keep)}"))
    return figures


def bookings_ahead(now: datetime) -> dict[int, int]:
    """Bookings of the next days by restaurant, cancelled ones left out (one query)."""
    rows = (
        Booking.objects.filter(start_at__gte=now, start_at__lt=now + AHEAD)
        .exclude(status=BookingStatus.CANCELLED)
        .values_list("restaurant_id")
        .annotate(bookings=Count("pk"))
    )
    return dict(rows)


def _in_shadow(shares: Sequence[Exposure]) -> int:
    return sum(share.seen > 0 == share.decided for share in shares)


def _weighed(found: Sequence[House], shares: Sequence[Exposure], coming: Mapping[int, int]) -> int:
    """Of a part of a restaurant's bookings about that part is counted."""
    parts = (coming.get(house.pk, 0) * share.decided for house, share in zip(found, shares, strict=True))
    return round(sum(parts) / BUCKETS)


def _kept(found: Sequence[House]) -> int:
    return sum(house.has_override and not house.changes for house in found)


def _figure(label: str, before: int, after: int) -> Figure:
    return Figure(label=label, before=f"{before:,}", after=f"{after:,}" if after != before else "")


def _s(number: int) -> str:
    return "" if number == 1 else "s"
