"""The forms of the floor plan as a person fills them in."""

from typing import Any

from django.db import connection
from django.test import Client

from bookings.models import (
    Table,
)


def post(client: Client, address: str, **answers: Any) -> dict[str, list[str]]:
    """The form's errors by field; none if it was saved. What is due at commit is checked at once."""
    response = client.post(address, answers)
    if response.status_code == 302:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        return {}
    assert response.status_code == 200
    found = dict(response.context["adminform"].form.errors)
    for inline in response.context["inline_admin_formsets"]:
        for form in inline.formset.forms:
            found.update(form.errors)
    return found


def table_answers(table: Table, **answers: Any) -> dict[str, Any]:
    return {
        "restaurant": table.restaurant_id,
        "zone": table.zone_id,
        "number": "N1",
        "capacity": 4,
        "min_party": 1,
        "max_party": 4,
        "active": "on",
        **answers,
    }


def inline(prefix: str, *forms: dict[str, Any]) -> dict[str, Any]:
    """The answers of one inline: its management form and new rows."""
    answers: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(forms), f"{prefix}-INITIAL_FORMS": 0}
    for number, form in enumerate(forms):
        answers |= {f"{prefix}-{number}-{name}": value for name, value in form.items()}
    return answers


def restaurant_answers(**inlines: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "name": "Bistro", "slug": "bistro", "timezone": "Europe/London", "active": "on", "buffer_minutes": 5,
        "max_slack": 4, "max_tables": 3, "max_party_auto": 12, "freeze_minutes": 120,
    }  # fmt: skip
    for prefix in ("zones", "service_periods", "turn_times", "pacing", "closures"):
        answers |= inline(prefix, *inlines.get(prefix, ()))
    return answers


def changed(table: Table, **answers: Any) -> dict[str, Any]:
    """The form of a table as it is, but for `answers`."""
    now_is = {
        "number": table.number,
        "capacity": table.capacity,
        "max_party": table.max_party,
        "movable": "on",
    }
    return {name: value for name, value in table_answers(table, **{**now_is, **answers}).items() if value}
