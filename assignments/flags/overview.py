"""The flags as people read them: values in force, where they come from, overrides and the last changes."""

from datetime import datetime
from typing import Any

from assignments.engine.flags import Flag
from assignments.flags import store
from assignments.flags.pins import VARIABLES, pins
from assignments.models import FlagChange, FlagOverride, FlagState

LAST_CHANGES = 5


def version() -> int:
    """The version in force, 0 if nothing was ever set."""
    return FlagState.objects.values_list("version", flat=True).first() or 0


def overview(*, restaurant_id: int | None = None, booking_id: int | None = None) -> dict[str, Any]:
    """Plain data for `manage.py flags show`; with a restaurant, also its path and why."""
    snapshot = store.read()
    state = FlagState.objects.select_related("cohort").first() or FlagState()
    cohort = state.cohort
    shown: dict[str, Any] = {
        "version": snapshot.version,
        "killed": snapshot.killed,
        "v3": {
            "percentage": f"{cohort.percentage:.2f}" if cohort else "0.00",
            "label": cohort.label if cohort else None,
            "restaurants": cohort.restaurants if cohort else [],
        },
        "shadow": state.shadow,
        "max_parallel": state.max_parallel,
        "pinned": {flag: {"value": value, "by": VARIABLES[flag]} for flag, value in pins().as_dict().items()},
        "overrides": [
            _override(row, snapshot.now) for row in FlagOverride.objects.order_by("flag", "restaurant")
        ],
        "last_changes": [_change(row) for row in FlagChange.objects.order_by("-version")[:LAST_CHANGES]],
    }
    if restaurant_id is not None:
        why = snapshot.explain(restaurant_id, booking_id)
        shown["restaurant"] = {
            "restaurant": restaurant_id,
            "booking": booking_id,
            "mode": why.mode.value,
            Flag.V3.value: why.v3,
            "v3_source": why.v3_source.value,
            Flag.SHADOW.value: why.shadow,
            "shadow_source": why.shadow_source.value,
            "max_parallel": snapshot.max_parallel(restaurant_id),
        }
    return shown


def as_text(shown: dict[str, Any]) -> str:
    """The overview in lines."""
    lines = [f"Version {shown['version']}"]
    if shown["killed"]:
        lines.append("KILLED: every booking goes to the legacy planner, whatever stands below")
    v3 = shown["v3"]
    named = f" ({v3['label']}, frozen with {len(v3['restaurants'])} restaurants)" if v3["label"] else ""
    lines.append(_line("v3", f"{v3['percentage']} % of the restaurants{named}", shown))
    lines.append(_line("shadow", "on" if shown["shadow"] else "off", shown))
    lines.append(_line("max_parallel", str(shown["max_parallel"]), shown))
    lines += [_override_line(row) for row in shown["overrides"]]
    lines += [_change_line(row) for row in shown["last_changes"]]
    if "restaurant" in shown:
        lines.append(_path_line(shown["restaurant"]))
    return "\n".join(lines)


def _line(flag: str, value: str, shown: dict[str, Any]) -> str:
    pin = shown["pinned"].get(flag)
    if pin is None:
        return f"{flag}: {value}"
    return f"{flag}: {str(pin['value']).lower()}, pinned by {pin['by']} (the database says {value})"


def _override(row: FlagOverride, now: datetime) -> dict[str, Any]:
    return {
        "flag": row.flag,
        "restaurant": row.restaurant_id,
        "percentage": f"{row.percentage:.2f}",
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        "expired": row.expires_at is not None and row.expires_at <= now,
        "reason": row.reason,
        "author": row.author,
    }


def _override_line(row: dict[str, Any]) -> str:
    until = f", {'expired' if row['expired'] else 'until'} {row['expires_at']}" if row["expires_at"] else ""
    return (
        f"override: {row['flag']} of restaurant {row['restaurant']} at {row['percentage']} %{until}, "
        f"by {row['author']}: {row['reason']}"
    )


def _change(row: FlagChange) -> dict[str, Any]:
    return {
        "version": row.version,
        "flag": row.flag,
        "restaurant": row.restaurant_id,
        "from": row.from_value,
        "to": row.to_value,
        "reason": row.reason,
        "author": row.author,
        "at": row.created_at.isoformat(),
    }


def _change_line(row: dict[str, Any]) -> str:
    what = row["flag"] if row["restaurant"] is None else f"{row['flag']} of restaurant {row['restaurant']}"
    values = f"{_changed(row['from'])} to {_changed(row['to'])}"
    return f"change {row['version']}: {what} from {values} by {row['author']} at {row['at']}: {row['reason']}"


def _changed(value: Any) -> str:
    """A value of the log: a cohort or an override by its percentage, none as a dash."""
    if isinstance(value, dict):
        return f"{value['percentage']} %"
    return "-" if value is None else str(value).lower()


def _path_line(path: dict[str, Any]) -> str:
    booking = f", booking {path['booking']}" if path["booking"] is not None else ""
    v3 = f"v3 {_on(path['v3'])} by {path['v3_source']}"
    shadow = f"shadow {_on(path['shadow'])} by {path['shadow_source']}"
    return f"restaurant {path['restaurant']}{booking}: {path['mode']} ({v3}, {shadow})"


def _on(value: Any) -> str:
    return "on" if value else "off"
