"""One booking's two plans side by side, on the same frozen facts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from assignments.decision_text import Names, names_for, sentence
from assignments.engine.compare import Comparison
from assignments.models import ShadowComparison
from bookings.models import Booking
from config.console.comparison.classes import CLASSES
from config.console.comparison.page import SEE, look_of, score, with_numbers
from config.console.comparison.strip import Held, strip
from config.console.elapsed import elapsed
from config.console.local_time import local_time
from observability.scope import scope_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One planner's answer: its facts line by line, and the bookings it would have moved in words."""

    title: str
    is_seated: bool
    outcome: str
    facts: tuple[tuple[str, str], ...]
    moves: tuple[str, ...]


@require_safe
@permission_required(SEE, raise_exception=True)
def pair(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """The page; a booking of another restaurant does not exist for who works elsewhere."""
    rows = scope_of(request).narrow(with_numbers(ShadowComparison.objects.all()), "restaurant")
    row: Any = get_object_or_404(rows, pk=comparison_id)
    booking = row.booking
    names = names_for(row.restaurant, {"plans": [{"moves": row.v3_moves}]})
    context = {
        **admin.site.each_context(request),
        "title": f"Comparison {booking.reference}",
        "row": row,
        "booking": booking,
        "seating": local_time(booking.start_at, row.restaurant),
        "compared": local_time(row.created_at, row.restaurant),
        "frozen": local_time(row.facts_at, row.restaurant) if row.facts_at else None,
        "look": look_of(row),
        "meaning": CLASSES[Comparison(row.comparison)].meaning,
        "noise": CLASSES[Comparison(row.noise)].look if row.noise else None,
        "sides": [_legacy(row), _v3(row, names)],
        "strip": _strip(row, names),
    }
    return TemplateResponse(request, "comparison/pair.html", context)


def _legacy(row: Any) -> Side:
    return Side(
        title="Legacy, which decided",
        is_seated=row.legacy_outcome == "confirmed",
        outcome=row.get_legacy_outcome_display() or "no answer",
        facts=(
            ("Tables", " + ".join(row.legacy_numbers) or "none"),
            ("Score, by V3's yardstick", score(row.legacy_score)),
            *([("Reason", sentence(row.legacy_reason))] if row.legacy_reason else []),
        ),
        moves=(),
    )


def _v3(row: Any, names: Names) -> Side:
    facts = [("Tables", " + ".join(row.v3_numbers) or "none"), ("Score", score(row.v3_score))]
    if row.v3_strategy:
        facts.append(("Strategy", row.v3_strategy.replace("_", " ")))
    if row.v3_rung:
        facts.append(("Decided at", f"{row.v3_rung} step"))
    if row.v3_reason:
        facts.append(("Reason", sentence(row.v3_reason)))
    if row.detail:
        facts.append(("No answer because", row.detail.replace("_", " ")))
    if row.duration_ms is not None:
        facts.append(("Time", elapsed(timedelta(milliseconds=row.duration_ms))))
    return Side(
        title="V3, in shadow",
        is_seated=row.v3_outcome == "confirmed",
        outcome=row.get_v3_outcome_display() or "no answer",
        facts=tuple(facts),
        moves=tuple(_move_words(move, names) for move in row.v3_moves),
    )


def _move_words(move: Any, names: Names) -> str:
    return f"{names.booking(move['booking'])}: {names.joined(move['from'])} to {names.joined(move['to'])}"


def _strip(row: Any, names: Names) -> Any:
    """Both plans on one set of rows (one query, for the bookings V3 would have moved)."""
    moved = Booking.objects.in_bulk([move["booking"] for move in row.v3_moves])
    held = [
        Held(booking=row.booking, tables=tuple(row.legacy_tables), side="legacy", tone="confirmed"),
        Held(booking=row.booking, tables=tuple(row.v3_tables), side="v3", tone="ghost"),
    ]
    for move in row.v3_moves:
        other = moved.get(move["booking"])
        if other is not None:
            held.append(Held(booking=other, tables=tuple(move["from"]), side="legacy", tone="done"))
            held.append(Held(booking=other, tables=tuple(move["to"]), side="v3", tone="moving"))
    return strip([one for one in held if one.tables], names.tables, row.restaurant)
