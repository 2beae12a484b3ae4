"""Changes of flags. Each is one transaction: the version, the value, the log row and the event.

A write locks the one row of `assignment_flags` first, so writes follow one another, and several calls
inside a caller's transaction become visible together. A change to the value already in force changes
nothing and writes nothing.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from assignments.engine.flags import Flag
from assignments.flags.authors import Author
from assignments.flags.changes import Change, Edit, locked_state, write
from assignments.flags.cohorts import checked_percentage, cohort_of
from assignments.flags.errors import BadValueError
from assignments.flags.expiries import checked_expiry
from assignments.flags.pins import refuse_pinned
from assignments.models import MAX_SLOTS, Cohort, FlagOverride
from bookings.models import Restaurant
from observability.events import Severity


@transaction.atomic
def set_cohort(
    *,
    percentage: Decimal | int,
    label: str | None = None,
    reason: str,
    by: Author,
    now: datetime,
    despite_pin: bool = False,
) -> Change:
    """Put V3 on for a percentage of the restaurants (two decimals at most; 0 is off for all).

    The first use of a label freezes its list; naming it again brings that list back, as a rollback to
    an earlier phase does. Without a label one is made of the version. At 100 % everyone is in, also who
    comes later. Raises BadValueError for a label frozen at another percentage. `despite_pin` is for
    rolling back: the value is to be right already when the pin is taken away.
    """
    if not despite_pin:
        refuse_pinned("v3")
    wanted = checked_percentage(percentage)
    state = locked_state()
    cohort = cohort_of(wanted, label, state) if wanted else None
    return write(
        state,
        Edit(
            flag="v3",
            before=_described(state.cohort),
            after=_described(cohort),
            reason=reason,
            by=by,
            now=now,
        ),
        cohort=cohort,
    )


@transaction.atomic
def set_shadow(*, on: bool, reason: str, by: Author, now: datetime, despite_pin: bool = False) -> Change:
    """Compare V3 wherever the legacy planner decides, or no longer; `despite_pin` as in `set_cohort`."""
    if not despite_pin:
        refuse_pinned("shadow")
    state = locked_state()
    edit = Edit(flag="shadow", before=state.shadow, after=on, reason=reason, by=by, now=now)
    return write(state, edit, shadow=on)


@transaction.atomic
def set_max_parallel(
    *, limit: int, reason: str, by: Author, now: datetime, despite_pin: bool = False
) -> Change:
    """Set how many runs a restaurant may have at once, 1 to 10; `despite_pin` as in `set_cohort`."""
    if not despite_pin:
        refuse_pinned("max_parallel")
    if not 1 <= limit <= MAX_SLOTS:
        raise BadValueError(f"{limit} runs at once are refused: give 1 to {MAX_SLOTS}")
    state = locked_state()
    edit = Edit(flag="max_parallel", before=state.max_parallel, after=limit, reason=reason, by=by, now=now)
    return write(state, edit, max_parallel=limit)


@transaction.atomic
def set_override(
    *,
    restaurant_id: int,
    percentage: Decimal | int,
    flag: Flag = Flag.V3,
    expires_at: datetime | None = None,
    reason: str,
    by: Author,
    now: datetime,
) -> Change:
    """Set a flag for one restaurant, whatever its cohort: 0 off, 100 on, else that share of its bookings.

    It replaces the restaurant's earlier override. Without `expires_at` it stays until it is cleared.
    """
    refuse_pinned(flag)
    wanted, until = checked_percentage(percentage), checked_expiry(expires_at, now=now)
    if not Restaurant.objects.filter(pk=restaurant_id).exists():
        raise BadValueError(f"there is no restaurant {restaurant_id}")
    state = locked_state()
    before = FlagOverride.objects.filter(flag=flag, restaurant_id=restaurant_id).first()
    after = FlagOverride(
        flag=flag.value,
        restaurant_id=restaurant_id,
        percentage=wanted,
        reason=reason,
        expires_at=until,
        author=by.name,
        actor_id=by.user_id,
    )
    edit = _override_edit(
        before, after, flag=flag, restaurant_id=restaurant_id, reason=reason, by=by, now=now
    )
    change = write(state, edit)
    if change.changed:
        FlagOverride.objects.filter(flag=flag, restaurant_id=restaurant_id).delete()
        after.save(force_insert=True)
    return change


@transaction.atomic
def clear_override(
    *, restaurant_id: int, flag: Flag = Flag.V3, reason: str, by: Author, now: datetime
) -> Change:
    """Take a restaurant's override back, expired or not: its cohort decides again."""
    refuse_pinned(flag)
    state = locked_state()
    before = FlagOverride.objects.filter(flag=flag, restaurant_id=restaurant_id).first()
    edit = _override_edit(before, None, flag=flag, restaurant_id=restaurant_id, reason=reason, by=by, now=now)
    if before is not None:
        before.delete()
    return write(state, edit)


@transaction.atomic
def kill(*, reason: str, by: Author, now: datetime) -> Change:
    """Send every booking to legacy, shadow runs included, whatever is pinned, overridden or set."""
    state = locked_state()
    edit = Edit(
        flag="kill",
        before=state.killed,
        after=True,
        reason=reason,
        by=by,
        now=now,
        event_type="flag.killed",
        severity=Severity.WARNING,
    )
    return write(state, edit, killed=True)


@transaction.atomic
def revive(*, reason: str, by: Author, now: datetime) -> Change:
    """Take the kill back: all other values are again what they are set to."""
    state = locked_state()
    edit = Edit(flag="kill", before=state.killed, after=False, reason=reason, by=by, now=now)
    return write(state, edit, killed=False)


def lock() -> int:
    """Keep every other writer out until the transaction ends; returns the version in force."""
    return locked_state().version


def _described(cohort: Cohort | None) -> dict[str, Any] | None:
    """A cohort in the log; its list is kept under its label. None is off."""
    if cohort is None:
        return None
    return {
        "label": cohort.label,
        "percentage": f"{cohort.percentage:.2f}",
        "restaurants": len(cohort.restaurants),
    }


def _override_edit(
    before: FlagOverride | None,
    after: FlagOverride | None,
    *,
    flag: Flag,
    restaurant_id: int,
    reason: str,
    by: Author,
    now: datetime,
) -> Edit:
    return Edit(
        flag=flag.value,
        before=_override_described(before),
        after=_override_described(after),
        reason=reason,
        by=by,
        now=now,
        restaurant_id=restaurant_id,
    )


def _override_described(override: FlagOverride | None) -> dict[str, Any] | None:
    """An override in the log; None is none."""
    if override is None:
        return None
    return {
        "percentage": f"{override.percentage:.2f}",
        "expires_at": override.expires_at.isoformat() if override.expires_at else None,
    }
