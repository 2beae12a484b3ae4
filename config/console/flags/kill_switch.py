"""The kill switch with what it would affect, for the flags page and the health page."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.http import HttpRequest

from assignments.engine.exposure import Exposure, exposure
from assignments.flags import store
from assignments.flags.snapshot import Snapshot
from bookings.models import Booking, Restaurant
from config.console.booking_lists import UNFINISHED
from config.console.flag_rights import CHANGE, KILL


@dataclass(frozen=True, kw_only=True, slots=True)
class Underway:
    """Bookings being assigned now, by the path they keep until they are final."""

    v3: int
    others: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KillSwitch:
    """`restaurants` go back to legacy if it is thrown; `running` bookings finish their attempt on V3."""

    killed: bool
    restaurants: int
    running: int
    may_kill: bool
    may_change: bool


def underway() -> Underway:
    """One query."""
    rows = (
        Booking.objects.filter(assignment_state__in=UNFINISHED, assignment_path__isnull=False)
        .values_list("assignment_path")
        .annotate(bookings=Count("pk"))
    )
    counts = dict(rows)
    v3 = counts.pop("active", 0)
    return Underway(v3=v3, others=sum(counts.values()))


def on_v3(shares: Sequence[Exposure]) -> int:
    """Restaurants V3 decides for, wholly or in part."""
    return sum(share.decided > 0 for share in shares)


def kill_switch(
    request: HttpRequest, snapshot: Snapshot, shares: Sequence[Exposure], running: Underway
) -> KillSwitch:
    return KillSwitch(
        killed=snapshot.killed,
        restaurants=on_v3(shares),
        running=running.v3,
        may_kill=request.user.has_perm(KILL),
        may_change=request.user.has_perm(CHANGE),
    )


def kill_switch_now(request: HttpRequest) -> KillSwitch:
    """Three queries."""
    snapshot = store.read()
    shares = [
        exposure(snapshot.flags, restaurant, snapshot.now)
        for restaurant in Restaurant.objects.values_list("pk", flat=True)
    ]
    return kill_switch(request, snapshot, shares, underway())
