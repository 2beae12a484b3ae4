"""Flags, changes and proposals in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from assignments.flags.wanted import Action, Wanted
from assignments.models import FlagChange

_FLAGS = {"v3": "V3", "shadow": "Shadow"}


def percent(share: int) -> str:
    """A share of 10,000, such as "12.5 %"."""
    return f"{share / 100:g} %"


def utc(moment: datetime) -> str:
    """Such as "Fri 5 Mar, 19:00 UTC": flags belong to no restaurant."""
    local = moment.astimezone(UTC)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M} UTC"


def wanted_words(wanted: Wanted, names: Mapping[int, str]) -> str:
    """What a change does, such as "V3 for 50 % of the restaurants"."""
    where = names.get(wanted.restaurant_id or 0, f"restaurant {wanted.restaurant_id}")
    flag = _FLAGS[wanted.flag]
    match wanted.action:
        case Action.COHORT:
            named = f", cohort {wanted.label}" if wanted.label else ""
            return f"V3 for {float(wanted.percentage or 0):g} % of the restaurants{named}"
        case Action.SHADOW:
            return "Shadow wherever legacy decides" if wanted.on else "No shadow"
        case Action.LIMIT:
            return f"{wanted.limit} run{'' if wanted.limit == 1 else 's'} at once for each restaurant"
        case Action.OVERRIDE:
            until = f", until {utc(wanted.expires_at)}" if wanted.expires_at else ""
            return f"{flag} for {float(wanted.percentage or 0):g} % of the bookings of {where}{until}"
        case Action.CLEAR:
            return f"{flag} override of {where} cleared"
        case Action.KILL:
            return "V3 stopped everywhere"
    return "V3 revived"


def change_words(change: FlagChange) -> str:
    """What a change of the log did; its row has `restaurant` at hand."""
    before, after = change.from_value, change.to_value
    if change.restaurant is not None:
        flag = _FLAGS[change.flag]
        return f"{change.restaurant.name}: {flag} {_override(before)} to {_override(after)}"
    match change.flag:
        case "v3":
            return f"V3 cohort {_cohort(before)} to {_cohort(after)}"
        case "shadow":
            return "Shadow on" if after else "Shadow off"
        case "max_parallel":
            return f"Runs at once {before} to {after}"
    return "V3 stopped everywhere" if after else "V3 revived"


def _override(value: Any) -> str:
    return "by cohort" if value is None else _percentage(value)


def _cohort(value: Any) -> str:
    return "off" if value is None else _percentage(value)


def _percentage(value: Any) -> str:
    """A cohort or an override by its percentage; what else a log may hold as it stands."""
    return f"{float(value['percentage']):g} %" if isinstance(value, dict) else str(value)
