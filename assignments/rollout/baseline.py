"""What the database and the intake did before a phase, to hold the phase against."""

from datetime import datetime, timedelta

from observability.metrics import timings
from observability.metrics.window import Window
from observability.models import Timed

#: How far back a baseline looks: a whole day, its busy hours included.
SPAN = timedelta(hours=24)


def take(*, now: datetime) -> dict[str, str]:
    """95th percentiles in milliseconds by what was timed; nothing of what was not timed at all.

    As text, because the rollout's records hold no floating-point number.
    """
    window = Window.until(now, SPAN)
    found = {kind: timings.timed(window, kind).p95 for kind in (Timed.QUERY, Timed.INTAKE)}
    return {kind.value: f"{value:.3f}" for kind, value in found.items() if value is not None}
