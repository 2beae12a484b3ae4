"""A made-up day of events, of all kinds the metrics count, by seed."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from observability import events
from observability.events import Record

DAY = datetime(2027, 3, 5, tzinfo=UTC)

CLAIM = ("created", "capacity_verified", "assignment_pending", "assignment_in_progress")
SEATED = ("assigned", "confirmed")
REASONS = ("no_capacity_at_time", "party_too_large", "attempts_exhausted", "outside_service")
STRATEGIES = ("optimal_fit", "adjacency", "reseat")


def made_up_day(seed: int, *, bookings: int, restaurants: Sequence[int] = (1, 2, 3)) -> list[list[Record]]:
    """One list of events for each booking, as written; times may run into the next day."""
    rng = random.Random(seed)
    return [_booking(rng, number, rng.choice(restaurants)) for number in range(1, bookings + 1)]


def _booking(rng: random.Random, booking_id: int, restaurant_id: int) -> list[Record]:
    teller = _Teller(rng, booking_id, restaurant_id)
    way = rng.choice(("v3", "v3", "v3", "legacy", "shadow", "cancelled"))
    if way == "v3":
        teller.v3()
    elif way == "cancelled":
        teller.moves("created", ["cancelled"])
    else:
        teller.legacy(path="shadow" if way == "shadow" else "disabled")
    return teller.told


class _Teller:
    """Tells what happens to one booking."""

    def __init__(self, rng: random.Random, booking_id: int, restaurant_id: int) -> None:
        self.rng, self.booking_id, self.restaurant_id = rng, booking_id, restaurant_id
        self.at = DAY + timedelta(seconds=rng.uniform(0, 86_000))
        self.version = 1
        self.told: list[Record] = []

    def tell(self, source: str, event_type: str, **context: Any) -> None:
        self.told.append(
            Record(
                source=source,
                event_type=event_type,
                at=self.at,
                restaurant_id=self.restaurant_id,
                booking_id=self.booking_id,
                context=context,
            )
        )
        self.at += timedelta(milliseconds=self.rng.randint(0, 40))

    def moves(
        self, origin: str, targets: list[str], *, legacy: bool = False, reason: str | None = None
    ) -> None:
        for target in targets:
            self.version += 1
            context = {"from": origin, "to": target, "version": self.version, "metadata": {}}
            context["reason"] = reason if target == targets[-1] else None
            if legacy:
                self.tell(events.AUTO_ASSIGN, "auto_assign.transition", **context)
            else:
                self.tell(events.STATE_MACHINE, "booking.assignment_state_transition", **context)
            origin = target

    def v3(self) -> None:
        rng = self.rng
        state = "created"
        for attempt in range(1, 5):
            if rng.random() < 0.1:
                self.tell(events.COORDINATOR, "coordinator.noop", reason="lock_contention")
                self.tell(events.COORDINATOR, "coordinator.lock_contention", wait_ms=0.4, ttl_ms=30000)
            if rng.random() < 0.05:
                self.tell(events.COORDINATOR, "coordinator.error", error_class="Boom", error_id="x")
                self.tell(events.COORDINATOR, "coordinator.retry", reason="rate_limited", delay_ms=2000)
            self.tell(
                events.COORDINATOR, "coordinator.start", mode="active", trigger="intake", flag_version=1
            )
            self.tell(events.COORDINATOR, "coordinator.lock_acquired", wait_ms=round(rng.expovariate(1), 3))
            self.tell(
                events.COORDINATOR, "coordinator.rate_permit_acquired", in_use=rng.randint(1, 3), limit=3
            )
            self.moves(state, list(CLAIM[CLAIM.index(state) + 1 :]))
            if self._ends(attempt):
                break
            state = "assignment_pending"
            self.at += timedelta(seconds=rng.choice((2, 40, 900, 5000)))
        if rng.random() < 0.2:
            self.changed()

    def _ends(self, attempt: int) -> bool:
        rng, took = self.rng, round(self.rng.lognormvariate(3, 1), 1)
        luck = rng.random()
        if luck < 0.6:
            strategy = rng.choice(STRATEGIES)
            self.tell(
                events.ENGINE, "attempt.success", strategy=strategy, score=0.9, plans=4, duration_ms=took
            )
            self.moves("assignment_in_progress", list(SEATED))
            self.tell(
                events.COORDINATOR,
                "coordinator.confirmed",
                strategy=strategy,
                attempts=attempt,
                duration_ms=took,
                moves=0,
            )
            self.tell(events.OUTBOX, "mail.sent", kind="confirmation", attempt=1)
            return True
        if luck < 0.75 or attempt == 4:
            reason = rng.choice(REASONS)
            self.moves("assignment_in_progress", ["manual_review"], reason=reason)
            self.tell(
                events.COORDINATOR,
                "coordinator.manual_review",
                reason=reason,
                attempts=attempt,
                duration_ms=took,
            )
            return True
        reason = rng.choice(("no_assignment", "undecided", "error"))
        if reason == "error":
            self.tell(events.COORDINATOR, "coordinator.error", error_class="Boom", error_id="x")
        self.tell(events.ENGINE, "attempt.failure", reason=reason, plans=0, duration_ms=took)
        self.moves("assignment_in_progress", ["assignment_pending"], reason=reason)
        self.tell(
            events.COORDINATOR,
            "coordinator.retry",
            reason=reason,
            delay_ms=rng.randint(1000, 30000),
            attempts=attempt,
            duration_ms=took,
        )
        return False

    def changed(self) -> None:
        """The guest changes a decided booking: it is decided again, which is no outcome of its own."""
        state = self.told_state()
        self.at += timedelta(minutes=self.rng.randint(1, 300))
        self.moves(state, ["assignment_pending", "assignment_in_progress", "manual_review"], reason="staff")

    def told_state(self) -> str:
        state: str = [r.context["to"] for r in self.told if "to" in r.context][-1]
        return state

    def legacy(self, *, path: str) -> None:
        rng, took = self.rng, round(self.rng.lognormvariate(4, 1), 1)
        seated = rng.random() < 0.8
        ends = list(SEATED) if seated else ["manual_review"]
        reason = None if seated else "attempts_exhausted"
        self.tell(events.AUTO_ASSIGN, "auto_assign.attempt.start", attempt=1, trigger="intake")
        self.moves("created", [*CLAIM[1:], *ends], legacy=True, reason=reason)
        result = "success" if seated else "failure"
        self.tell(
            events.AUTO_ASSIGN,
            "auto_assign.attempt",
            attempt=1,
            result=result,
            reason=reason,
            strategy="legacy_single" if seated else None,
            duration_ms=took,
        )
        self.tell(
            events.AUTO_ASSIGN,
            "auto_assign.summary",
            result="succeeded" if seated else "exhausted",
            reason=reason,
            attempts=1,
            duration_ms=took,
            path=path,
        )
        if path == "shadow":
            self._compared(seated)

    def _compared(self, seated: bool) -> None:
        rng = self.rng
        v3 = rng.random() < 0.9
        would = [*CLAIM[1:], *(SEATED if v3 else ("manual_review",))]
        for origin, target in zip(("created", *would), would, strict=False):
            self.tell(
                events.STATE_MACHINE,
                "booking.assignment_state_transition",
                **{"from": origin, "to": target, "version": 2, "reason": None, "mode": "shadow"},
            )
        classes = {(True, True): "match", (True, False): "legacy_only", (False, True): "v3_only"}
        name = "skipped" if rng.random() < 0.1 else classes.get((seated, v3), "both_failed")
        self.tell(
            events.SHADOW,
            "shadow.compared",
            **{
                "class": name,
                "noise_class": "match",
                "legacy_score": 0.5 if seated else None,
                "v3_score": 0.6 if v3 else None,
                "duration_ms": round(rng.lognormvariate(1, 1), 1),
                "mode": "shadow",
            },
        )


def in_order(day: list[list[Record]]) -> Iterator[Record]:
    """All events by time."""
    yield from sorted((record for booking in day for record in booking), key=lambda record: record.at)
