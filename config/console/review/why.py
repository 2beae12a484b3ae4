"""Why a booking waits for people, from its last attempt: sentence, proof, and for tables why not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assignments.decision_text import most_seated, sentence
from assignments.engine.rejections import WHY_SENTENCES, Why
from assignments.models import Attempt, ReviewCase
from bookings.models import Booking, BookingStatus, Table

#: Tables listed with who holds them; the rest is counted by why.
MOST = 12

#: Of these so many are shown at once.
AT_HAND = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """A booking in the way, and what keeps it there."""

    pk: int
    reference: str
    stays: str
    icon: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WhyNot:
    tables: str
    seats: int
    why: str
    holders: tuple[Holder, ...]
    until: str

    @property
    def stays(self) -> Mapping[str, str]:
        """What keeps the holders there, each once, with its icon."""
        return {holder.stays: holder.icon for holder in self.holders}


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """`proof` is empty where trying again may help; `others` counts the tables not listed, by why.

    `tables` are the few at hand, `more` those behind them: the fixes below must not leave the screen.
    """

    code: str
    sentence: str
    proof: str
    attempts: int
    tables: tuple[WhyNot, ...]
    more: tuple[WhyNot, ...]
    others: tuple[str, ...]


def explanation(case: ReviewCase, now: datetime) -> Explanation:
    """What is known (three queries)."""
    attempt = Attempt.objects.filter(booking=case.booking).order_by("-attempt_no").first()
    decision: Mapping[str, Any] = attempt.metadata if attempt else {}
    rejections = decision.get("rejections", ())
    held = [item for item in rejections if item.get("bookings") or item["why"] == Why.BLOCKED][:MOST]
    rest = [item for item in rejections if item not in held]
    code = case.reason or "staff"
    rows = _rows(held, case.booking, now)
    return Explanation(
        code=code,
        sentence=sentence(code),
        proof=_proof(decision),
        attempts=attempt.attempt_no if attempt else 0,
        tables=rows[:AT_HAND],
        more=rows[AT_HAND:],
        others=_counted(rest),
    )


def _proof(decision: Mapping[str, Any]) -> str:
    proof = decision.get("certificate")
    if not proof:
        return ""
    if proof["kind"] == "bound" and proof["needed"] == 1:
        return "Every table that suits is held by a party that cannot move for it."
    if proof["kind"] == "bound":
        return (
            f"Of {proof['needed']} bookings that would have to sit at once, at most {most_seated(proof)} "
            "can, even if every movable booking moved."
        )
    return "Every seating was looked at, moves of every movable booking included."


def _rows(listed: Sequence[Mapping[str, Any]], booking: Booking, now: datetime) -> tuple[WhyNot, ...]:
    tables = {table.pk: table for table in Table.objects.filter(restaurant_id=booking.restaurant_id)}
    ids = {int(pk) for item in listed for pk in item.get("bookings", ())}
    holders = {row.pk: _holder(row, booking, now) for row in Booking.objects.filter(pk__in=ids)}
    return tuple(
        WhyNot(
            tables=" + ".join(tables[pk].number if pk in tables else "?" for pk in item["tables"]),
            seats=sum(tables[pk].capacity for pk in item["tables"] if pk in tables),
            why=WHY_SENTENCES[Why(item["why"])],
            holders=tuple(holders[int(pk)] for pk in item.get("bookings", ()) if int(pk) in holders),
            until=_clock(item.get("until"), booking),
        )
        for item in listed
    )


def _holder(row: Booking, booking: Booking, now: datetime) -> Holder:
    stays, icon = _what_keeps(row, booking, now)
    return Holder(pk=row.pk, reference=row.reference, stays=stays, icon=icon)


def _what_keeps(row: Booking, booking: Booking, now: datetime) -> tuple[str, str]:
    if row.locked:
        return "Locked by staff", "lock"
    if row.status == BookingStatus.CHECKED_IN:
        return "Seated", "user"
    minutes_left = (row.start_at - now).total_seconds() / 60
    if minutes_left < booking.restaurant.freeze_minutes:
        return "Past its move deadline", "clock"
    return "May move", "move"


def _clock(iso: str | None, booking: Booking) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(booking.restaurant.tzinfo):%H:%M}" if iso else ""


def _counted(rest: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    counts = Counter(WHY_SENTENCES[Why(item["why"])] for item in rest)
    return tuple(f"{count} {why}" for why, count in counts.most_common())
