"""A change of flags as data: what somebody wants, before it is previewed, proposed or carried out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from assignments.engine.flags import Flag
from assignments.flags import services
from assignments.flags.authors import Author
from assignments.flags.changes import Change
from assignments.flags.errors import BadValueError
from assignments.models import FlagChange


class Action(StrEnum):
    """What a change does."""

    COHORT = "cohort"  # V3 for `percentage` of the restaurants, or for the list frozen as `label`
    SHADOW = "shadow"  # compare wherever legacy decides, or no longer: `on`
    LIMIT = "limit"  # `limit` runs at once for each restaurant
    OVERRIDE = "override"  # `flag` for `percentage` of one restaurant's bookings, until `expires_at`
    CLEAR = "clear"  # that override taken back
    KILL = "kill"
    REVIVE = "revive"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One change; only the fields that its action names count."""

    action: Action
    percentage: Decimal | None = None
    label: str | None = None
    on: bool | None = None
    limit: int | None = None
    flag: Flag = Flag.V3
    restaurant_id: int | None = None
    expires_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, those that say nothing left out."""
        values = {
            "action": self.action.value,
            "percentage": None if self.percentage is None else f"{self.percentage:.2f}",
            "label": self.label,
            "on": self.on,
            "limit": self.limit,
            "flag": self.flag.value if self.restaurant_id is not None else None,
            "restaurant_id": self.restaurant_id,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
        }
        return {name: value for name, value in values.items() if value is not None}


def wanted_of(stored: Mapping[str, Any]) -> Wanted:
    """The change that `as_json` told."""
    percentage, expires_at = stored.get("percentage"), stored.get("expires_at")
    return Wanted(
        action=Action(stored["action"]),
        percentage=None if percentage is None else Decimal(percentage),
        label=stored.get("label"),
        on=stored.get("on"),
        limit=stored.get("limit"),
        flag=Flag(stored.get("flag", Flag.V3)),
        restaurant_id=stored.get("restaurant_id"),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
    )


def carry_out(wanted: Wanted, *, reason: str, by: Author, now: datetime) -> Change:
    """Make the change. Raises FlagError for values no flag can have, and for pinned flags."""
    cause: dict[str, Any] = {"reason": reason, "by": by, "now": now}
    match wanted:
        case Wanted(action=Action.COHORT, percentage=Decimal() as percentage):
            return services.set_cohort(percentage=percentage, label=wanted.label, **cause)
        case Wanted(action=Action.SHADOW, on=bool() as on):
            return services.set_shadow(on=on, **cause)
        case Wanted(action=Action.LIMIT, limit=int() as limit):
            return services.set_max_parallel(limit=limit, **cause)
        case Wanted(action=Action.OVERRIDE, restaurant_id=int() as place, percentage=Decimal() as percentage):
            return services.set_override(
                restaurant_id=place,
                flag=wanted.flag,
                percentage=percentage,
                expires_at=wanted.expires_at,
                **cause,
            )
        case Wanted(action=Action.CLEAR, restaurant_id=int() as place):
            return services.clear_override(restaurant_id=place, flag=wanted.flag, **cause)
        case Wanted(action=Action.KILL):
            return services.kill(**cause)
        case Wanted(action=Action.REVIVE):
            return services.revive(**cause)
    raise BadValueError(f"{wanted.action} lacks a value: give all that it needs")


def reversal(change: FlagChange, *, now: datetime) -> Wanted:
    """The change that brings back what was before. An override that has ended since stays away."""
    before: Any = change.from_value
    if change.restaurant_id is not None:
        place: dict[str, Any] = {"restaurant_id": change.restaurant_id, "flag": Flag(change.flag)}
        ends = datetime.fromisoformat(before["expires_at"]) if before and before["expires_at"] else None
        if before is None or (ends is not None and ends <= now):
            return Wanted(action=Action.CLEAR, **place)
        share = Decimal(before["percentage"])
        return Wanted(action=Action.OVERRIDE, percentage=share, expires_at=ends, **place)
    match change.flag:
        case "v3" if before is None:
            return Wanted(action=Action.COHORT, percentage=Decimal(0))
        case "v3":
            percentage = Decimal(before["percentage"])
            return Wanted(action=Action.COHORT, percentage=percentage, label=before["label"])
        case "shadow":
            return Wanted(action=Action.SHADOW, on=bool(before))
        case "max_parallel":
            return Wanted(action=Action.LIMIT, limit=int(before))
    return Wanted(action=Action.KILL if before else Action.REVIVE)
