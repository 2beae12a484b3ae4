"""What became of an evening: figures from the rows, for people and for machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One restaurant's evening, or all of it: counts, and latency from intake to confirmation in ms."""

    name: str
    bookings: int
    confirmed: int
    manual_review: int
    cancelled: int
    emails_sent: int
    emails_open: int
    p50_ms: float | None
    p95_ms: float | None

    @property
    def stuck(self) -> int:
        return self.bookings - self.confirmed - self.manual_review - self.cancelled


QUERY = """
SELECT coalesce(r.name, 'All') AS name,
       count(*) AS bookings,
       count(*) FILTER (WHERE b.assignment_state = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE b.assignment_state = 'manual_review') AS manual_review,
       count(*) FILTER (WHERE b.assignment_state = 'cancelled') AS cancelled,
       coalesce(sum(mail.sent), 0)::int AS emails_sent,
       coalesce(sum(mail.open), 0)::int AS emails_open,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY took.ms) AS p50_ms,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY took.ms) AS p95_ms
FROM bookings b
JOIN restaurants r ON r.id = b.restaurant_id
LEFT JOIN LATERAL (
    SELECT 1000 * extract(epoch FROM h.created_at - b.created_at) AS ms
    FROM booking_assignment_state_history h
    WHERE h.booking_id = b.id AND h.to_state = 'confirmed' ORDER BY h.version LIMIT 1) took ON true
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE m.status = 'sent') AS sent,
           count(*) FILTER (WHERE m.status IN ('pending', 'inflight')) AS open
    FROM outbox_messages m WHERE m.booking_id = b.id) mail ON true
WHERE b.id = ANY(%s)
GROUP BY ROLLUP (r.name) ORDER BY grouping(r.name), r.name
"""


COLUMNS = (
    "restaurant",
    *("bookings", "confirmed", "review", "cancelled", "stuck", "mails"),
    *("p50 ms", "p95 ms", "refused"),
)


def results(booking_ids: Sequence[int]) -> list[Line]:
    """One line per restaurant in order of name, then the total."""
    with connection.cursor() as cursor:
        cursor.execute(QUERY, [list(booking_ids)])
        names = [column.name for column in cursor.description or []]
        return [Line(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def as_table(lines: Sequence[Line], refused: dict[str, int]) -> str:
    """The lines as text columns; `refused` counts what intake did not take, by restaurant name."""
    rows = [COLUMNS, *(_cells(line, refused.get(line.name, 0)) for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_aligned(row, widths) for row in rows)


def _aligned(row: tuple[str, ...], widths: Sequence[int]) -> str:
    name, *figures = row
    return "  ".join([name.ljust(widths[0]), *(f.rjust(w) for f, w in zip(figures, widths[1:], strict=True))])


def as_summary(total: Line, *, seconds: float) -> dict[str, Any]:
    """The machine-readable result; durations in milliseconds, rate per second of the whole run."""
    return {
        "bookings": total.bookings,
        "confirmed": total.confirmed,
        "manual_review": total.manual_review,
        "cancelled": total.cancelled,
        "stuck": total.stuck,
        "emails_sent": total.emails_sent,
        "p50_ms": _rounded(total.p50_ms),
        "p95_ms": _rounded(total.p95_ms),
        "bookings_per_s": round(total.bookings / seconds, 1),
    }


def _cells(line: Line, refused: int) -> tuple[str, ...]:
    counts = (line.bookings, line.confirmed, line.manual_review, line.cancelled, line.stuck, line.emails_sent)
    times = (_rounded(line.p50_ms), _rounded(line.p95_ms))
    return (line.name, *map(str, counts), *("-" if t is None else str(t) for t in times), str(refused))


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(float(ms), 1)
