"""What a change of flags would do, told before it is made: nothing here writes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from assignments.engine.exposure import Exposure, exposure, raised
from assignments.engine.flags import Flag, FlagSet, Override, Rule
from assignments.flags import store
from assignments.flags.cohorts import checked_percentage, frozen_cohort, preview_cohort
from assignments.flags.errors import BadValueError
from assignments.flags.expiries import checked_expiry
from assignments.flags.pins import refuse_pinned
from assignments.flags.snapshot import Snapshot
from assignments.flags.store import share_of
from assignments.flags.wanted import Action, Wanted
from assignments.models import MAX_SLOTS
from bookings.models import Restaurant

#: What each action must leave alone while the environment pins it.
_PINNABLE = {Action.COHORT: "v3", Action.SHADOW: "shadow", Action.LIMIT: "max_parallel"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """The flags before and after a change, both as this process would evaluate them at `now`.

    `moved` holds the restaurants whose bookings would take another path; `raises` whether anybody is
    exposed more, in which case production asks for a second person.
    """

    snapshot: Snapshot
    after: FlagSet
    now: datetime
    raises: bool
    moved: Mapping[int, tuple[Exposure, Exposure]]

    def as_json(self) -> dict[str, Any]:
        """The moved restaurants: decided and seen shares before and after, as a proposal keeps them."""
        return {
            str(restaurant): [before.decided, before.seen, after.decided, after.seen]
            for restaurant, (before, after) in sorted(self.moved.items())
        }


def foresee(wanted: Wanted) -> Foreseen:
    """Evaluate every restaurant before and after. Raises FlagError for what could not be carried out."""
    snapshot = store.read()
    after, now = _after(snapshot.flags, wanted, snapshot.now), snapshot.now
    restaurants = list(Restaurant.objects.values_list("pk", flat=True))
    moved = {
        restaurant: (old, new)
        for restaurant in restaurants
        if (old := exposure(snapshot.flags, restaurant, now)) != (new := exposure(after, restaurant, now))
    }
    raises = raised(snapshot.flags, after, restaurants=restaurants, now=now)
    return Foreseen(snapshot=snapshot, after=after, now=now, raises=raises, moved=moved)


def _after(flags: FlagSet, wanted: Wanted, now: datetime) -> FlagSet:
    pinnable = wanted.flag.value if wanted.restaurant_id is not None else _PINNABLE.get(wanted.action)
    if pinnable:
        refuse_pinned(pinnable)
    match wanted:
        case Wanted(action=Action.COHORT, percentage=percentage) if percentage is not None:
            return replace(flags, v3=_with_cohort(flags.v3, wanted))
        case Wanted(action=Action.SHADOW, on=bool() as on):
            return replace(flags, shadow=replace(flags.shadow, everyone=on))
        case Wanted(action=Action.LIMIT, limit=int() as limit):
            if not 1 <= limit <= MAX_SLOTS:
                raise BadValueError(f"{limit} runs at once are refused: give 1 to {MAX_SLOTS}")
            return replace(flags, max_parallel=limit)
        case Wanted(action=Action.OVERRIDE | Action.CLEAR, restaurant_id=int()):
            return _with_override(flags, wanted, now)
        case Wanted(action=Action.KILL | Action.REVIVE):
            return replace(flags, killed=wanted.action is Action.KILL)
    raise BadValueError(f"{wanted.action} lacks a value: give all that it needs")


def _with_cohort(rule: Rule, wanted: Wanted) -> Rule:
    percentage = checked_percentage(wanted.percentage or 0)
    frozen = None if wanted.label is None else frozen_cohort(wanted.label, percentage=percentage)
    members = frozenset(frozen.restaurants) if frozen else preview_cohort(percentage=percentage)
    return replace(rule, everyone=percentage == 100, members=members)


def _with_override(flags: FlagSet, wanted: Wanted, now: datetime) -> FlagSet:
    rule = flags.v3 if wanted.flag is Flag.V3 else flags.shadow
    others = {place: own for place, own in rule.overrides.items() if place != wanted.restaurant_id}
    if wanted.action is Action.OVERRIDE:
        others[wanted.restaurant_id or 0] = Override(
            share=share_of(checked_percentage(wanted.percentage or 0)),
            expires_at=checked_expiry(wanted.expires_at, now=now),
        )
    changed = replace(rule, overrides=others)
    return replace(flags, v3=changed) if wanted.flag is Flag.V3 else replace(flags, shadow=changed)
