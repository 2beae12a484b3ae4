"""Outcomes one by one, for evidence that somebody else counts again."""

from dataclasses import dataclass
from datetime import datetime

from observability.metrics.series import SQL
from observability.metrics.sources import OUTCOMES
from observability.metrics.window import Window
from observability.named_sql import ask


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The first of confirmed and manual_review that a booking reached."""

    booking_id: int
    restaurant_id: int
    outcome: str
    reason: str | None
    at: datetime


def listed(window: Window, *, path: str) -> list[Outcome]:
    """Every outcome that `metrics.restaurants` counts in the window on a path, in the order of time."""
    statement = SQL["outcomes_listed"].replace("{new_outcomes}", OUTCOMES.new)
    rows = ask(statement, {"start": window.start, "end": window.end, "path": path})
    return [Outcome(**row._asdict()) for row in rows]
