"""Changes of flags. Each is one transaction: the version, the value, the log row and the event.

A write locks the one row of `assignment_flags` first, so writes follow one another, and several calls
inside a caller's transaction become visible together. A change to the value already in force changes
nothing and writes nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from assignments.engine.flags import BUCKETS, RESTAURANT_SALT, Flag, Frozen, draw_cohort
from assignments.flags import hint
from assignments.flags.cache import CACHE
from assignments.flags.errors import BadValueError
from assignments.flags.pins import refuse_pinned
from assignments.flags.proposal_records import void_older
from assignments.flags.store import share_of
from assignments.models import MAX_SLOTS, Cohort, FlagChange, FlagOverride, FlagState
from bookings.models import Restaurant
from observability import events
from observability.events import Severity

LONGEST_REASON = 500
LONGEST_NAME = 150
LABEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who changes a flag: the user's name, or the name of what runs where nobody is logged in."""

    name: str
    user_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a call came to: the version now in force, and whether this call made it."""

    version: int
    changed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Edit:
    """One change about to be written, with its cause."""

    flag: str
    before: Any
    after: Any
    reason: str
    by: Author
    now: datetime
    restaurant_id: int | None = None
    event_type: str = "flag.changed"
    severity: Severity = Severity.NOTICE

    def __post_init__(self) -> None:
        if not self.reason.strip() or len(self.reason) > LONGEST_REASON:
            raise BadValueError(
                f"a reason of {len(self.reason)} characters is refused: say why in 1 to {LONGEST_REASON}"
            )
        if not self.by.name.strip() or len(self.by.name) > LONGEST_NAME:
            raise BadValueError(
                f"{self.by.name!r} is no author: give a name of 1 to {LONGEST_NAME} characters"
            )


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
    state = _locked()
    cohort = _cohort(wanted, label, state) if wanted else None
    return _write(
        state,
        _Edit(
            flag="v3",
            before=_described(state.cohort),
            after=_described(cohort),
            reason=reason,
            by=by,
            now=now,
        ),
        cohort=cohort,
    )


def preview_cohort(*, percentage: Decimal | int) -> frozenset[int]:
    """The restaurants `set_cohort` would freeze under a new label now; empty for 0 %."""
    wanted = checked_percentage(percentage)
    if not wanted:
        return frozenset()
    return draw_cohort(
        restaurants=Restaurant.objects.values_list("pk", flat=True),
        share=share_of(wanted),
        frozen=[
            Frozen(share=share_of(frozen.percentage), members=frozenset(frozen.restaurants))
            for frozen in Cohort.objects.filter(salt=RESTAURANT_SALT)
        ],
    )


@transaction.atomic
def set_shadow(*, on: bool, reason: str, by: Author, now: datetime, despite_pin: bool = False) -> Change:
    """Compare V3 wherever the legacy planner decides, or no longer; `despite_pin` as in `set_cohort`."""
    if not despite_pin:
        refuse_pinned("shadow")
    state = _locked()
    edit = _Edit(flag="shadow", before=state.shadow, after=on, reason=reason, by=by, now=now)
    return _write(state, edit, shadow=on)


@transaction.atomic
def set_max_parallel(
    *, limit: int, reason: str, by: Author, now: datetime, despite_pin: bool = False
) -> Change:
    """Set how many runs a restaurant may have at once, 1 to 10; `despite_pin` as in `set_cohort`."""
    if not despite_pin:
        refuse_pinned("max_parallel")
    if not 1 <= limit <= MAX_SLOTS:
        raise BadValueError(f"{limit} runs at once are refused: give 1 to {MAX_SLOTS}")
    state = _locked()
    edit = _Edit(flag="max_parallel", before=state.max_parallel, after=limit, reason=reason, by=by, now=now)
    return _write(state, edit, max_parallel=limit)


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
    wanted = checked_percentage(percentage)
    if expires_at is not None and expires_at <= now:
        raise BadValueError(f"an override until {expires_at.isoformat()} has expired: name a later time")
    if not Restaurant.objects.filter(pk=restaurant_id).exists():
        raise BadValueError(f"there is no restaurant {restaurant_id}")
    state = _locked()
    before = FlagOverride.objects.filter(flag=flag, restaurant_id=restaurant_id).first()
    after = FlagOverride(
        flag=flag.value,
        restaurant_id=restaurant_id,
        percentage=wanted,
        reason=reason,
        expires_at=expires_at,
        author=by.name,
        actor_id=by.user_id,
    )
    edit = _override_edit(
        before, after, flag=flag, restaurant_id=restaurant_id, reason=reason, by=by, now=now
    )
    change = _write(state, edit)
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
    state = _locked()
    before = FlagOverride.objects.filter(flag=flag, restaurant_id=restaurant_id).first()
    edit = _override_edit(before, None, flag=flag, restaurant_id=restaurant_id, reason=reason, by=by, now=now)
    if before is not None:
        before.delete()
    return _write(state, edit)


@transaction.atomic
def kill(*, reason: str, by: Author, now: datetime) -> Change:
    """Send every booking to legacy, shadow runs included, whatever is pinned, overridden or set."""
    state = _locked()
    edit = _Edit(
        flag="kill",
        before=state.killed,
        after=True,
        reason=reason,
        by=by,
        now=now,
        event_type="flag.killed",
        severity=Severity.WARNING,
    )
    return _write(state, edit, killed=True)


@transaction.atomic
def revive(*, reason: str, by: Author, now: datetime) -> Change:
    """Take the kill back: all other values are again what they are set to."""
    state = _locked()
    edit = _Edit(flag="kill", before=state.killed, after=False, reason=reason, by=by, now=now)
    return _write(state, edit, killed=False)


def lock() -> int:
    """Keep every other writer out until the transaction ends; returns the version in force."""
    return _locked().version


def checked_percentage(value: Decimal | int | str) -> Decimal:
    """A percentage from 0 to 100 with two decimals at most. Raises BadValueError."""
    try:
        percentage = Decimal(value)
    except InvalidOperation:
        raise BadValueError(f"{value!r} is no percentage: give a number from 0 to 100") from None
    if not percentage.is_finite() or not 0 <= percentage <= 100:
        raise BadValueError(f"{value} % is refused: give 0 to 100")
    if share_of(percentage) != percentage * BUCKETS / 100:
        raise BadValueError(f"{value} % is finer than one bucket: give two decimals at most")
    return percentage


def _locked() -> FlagState:
    """The one row, made on the first write, locked until the transaction ends."""
    FlagState.objects.bulk_create([FlagState()], ignore_conflicts=True)
    return FlagState.objects.select_for_update(of=("self",)).select_related("cohort").get()


def _write(state: FlagState, edit: _Edit, **values: Any) -> Change:
    if edit.before == edit.after:
        return Change(version=state.version, changed=False)
    version = state.version + 1
    FlagState.objects.update(version=version, changed_at=Now(), **values)
    _log(version, edit)
    void_older(than=version, now=edit.now)
    transaction.on_commit(CACHE.distrust, robust=True)
    transaction.on_commit(partial(hint.publish, version), robust=True)
    return Change(version=version, changed=True)


def _log(version: int, edit: _Edit) -> None:
    FlagChange.objects.create(
        version=version,
        flag=edit.flag,
        restaurant_id=edit.restaurant_id,
        from_value=edit.before,
        to_value=edit.after,
        reason=edit.reason,
        author=edit.by.name,
        actor_id=edit.by.user_id,
        created_at=edit.now,
    )
    events.record(
        [
            events.Record(
                source=events.FLAGS,
                event_type=edit.event_type,
                at=edit.now,
                severity=edit.severity,
                restaurant_id=edit.restaurant_id,
                context={
                    "flag": edit.flag,
                    "version": version,
                    "from": edit.before,
                    "to": edit.after,
                    "reason": edit.reason,
                },
            )
        ]
    )


def _cohort(percentage: Decimal, label: str | None, state: FlagState) -> Cohort:
    """The cohort frozen under this label, or a new one."""
    if label is None:
        return _refreshed(percentage, state)
    if not LABEL.fullmatch(label):
        raise BadValueError(
            f"{label!r} is no label: use small letters, digits, dot, dash and underscore, 60 at most"
        )
    frozen = Cohort.objects.filter(label=label).first()
    if frozen is None:
        return _freeze(percentage, label, sorted(preview_cohort(percentage=percentage)))
    if frozen.percentage != percentage:
        raise BadValueError(
            f"the cohort {label!r} is frozen at {float(frozen.percentage):g} %, not {float(percentage):g} %: "
            "take another label"
        )
    return frozen


def _refreshed(percentage: Decimal, state: FlagState) -> Cohort:
    """The cohort in force if nobody would join it, else a new one."""
    members = sorted(preview_cohort(percentage=percentage))
    present = state.cohort
    if present is not None and present.percentage == percentage and present.restaurants == members:
        return present
    return _freeze(percentage, f"v{state.version + 1}", members)


def _freeze(percentage: Decimal, label: str, members: Sequence[int]) -> Cohort:
    if not members and share_of(percentage) < BUCKETS:
        raise BadValueError(
            f"{float(percentage):g} % of no restaurant is nobody: add restaurants first, "
            "or give 100 for all to come"
        )
    return Cohort.objects.create(
        label=label, percentage=percentage, salt=RESTAURANT_SALT, restaurants=list(members)
    )


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
) -> _Edit:
    return _Edit(
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
