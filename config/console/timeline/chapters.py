"""Chapters of the story that are lists: webhooks, cases, people, and legacy against V3."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.admin.models import LogEntry

from assignments.decision_text import sentence
from assignments.models import CaseNote, ReviewCase, ShadowComparison
from bookings.display import show
from bookings.models import Booking, WebhookDelivery
from config.console.elapsed import elapsed
from config.console.local_time import LocalTime, local_time

#: Rows read of each at most, the latest.
MOST = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A webhook's delivery."""

    delivery: WebhookDelivery
    at: LocalTime
    took: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseLine:
    """A stay in review: why, for how long, and how it ended."""

    case: ReviewCase
    opened: LocalTime
    why: str
    took: str
    ended: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Versus:
    """Legacy's answer beside V3's: name of the row, legacy, V3."""

    label: str
    rows: tuple[tuple[str, str, str], ...]


def webhooks_of(booking: Booking) -> list[Told]:
    """One query."""
    rows = WebhookDelivery.objects.filter(booking=booking).select_related("endpoint").order_by("-id")[:MOST]
    return [
        Told(
            delivery=row,
            at=local_time(row.happened_at, booking.restaurant),
            took=elapsed(row.sent_at - row.happened_at) if row.sent_at else "",
        )
        for row in rows
    ]


def cases_of(booking: Booking) -> list[CaseLine]:
    """One query."""
    rows = ReviewCase.objects.filter(booking=booking).select_related("closed_by", "owner", "resolution")
    return [_case(row, booking) for row in rows.order_by("-opened_at")[:MOST]]


def notes_of(booking: Booking) -> list[CaseNote]:
    """One query."""
    return list(CaseNote.objects.filter(case__booking=booking).select_related("author")[:MOST])


def versus(booking: Booking) -> Versus | None:
    """One query; None if the two were never compared."""
    found = (
        ShadowComparison.objects.filter(booking=booking)
        .annotate(
            legacy_numbers=show.TableNumbers("legacy_tables"), v3_numbers=show.TableNumbers("v3_tables")
        )
        .first()
    )
    if found is None:
        return None
    return Versus(
        label=found.get_comparison_display(),
        rows=(
            (
                "Outcome",
                found.get_legacy_outcome_display() or "none",
                found.get_v3_outcome_display() or "none",
            ),
            ("Tables", show.joined(found.legacy_numbers), show.joined(found.v3_numbers)),
            ("Score", _score(found.legacy_score), _score(found.v3_score)),
            ("Reason", found.legacy_reason or "none", found.v3_reason or found.detail or "none"),
        ),
    )


def people(
    actors: Sequence[str], done: Sequence[LogEntry], notes: Sequence[CaseNote]
) -> list[tuple[str, str]]:
    """Everybody with a part in it, and what; `actors` moved its state."""
    parts: dict[str, Counter[str]] = {}
    for name in actors:
        parts.setdefault(name, Counter())["state change"] += 1
    for entry in done:
        parts.setdefault(str(entry.user), Counter())["action"] += 1
    for note in notes:
        parts.setdefault(str(note.author), Counter())["note"] += 1
    return [
        (name, ", ".join(f"{n} {what}{'s' if n > 1 else ''}" for what, n in counts.items()))
        for name, counts in parts.items()
    ]


def _case(case: ReviewCase, booking: Booking) -> CaseLine:
    resolution = getattr(case, "resolution", None)
    ended = "open"
    if case.closed_at:
        by = f" by {case.closed_by}" if case.closed_by else ""
        ended = f"{resolution.sentence if resolution else case.get_closed_to_display()}{by}"
    elif case.owner:
        ended = f"open, {case.owner} works on it"
    return CaseLine(
        case=case,
        opened=local_time(case.opened_at, booking.restaurant),
        why=sentence(case.reason or "staff"),
        took=elapsed(case.closed_at - case.opened_at) if case.closed_at else "",
        ended=ended,
    )


def _score(score: float | None) -> str:
    return "none" if score is None else f"{score:.3f}"
