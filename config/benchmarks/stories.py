"""What happens to a booking, told in the events it leaves, for benchmarks that need very many of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

CLAIM = ("created", "capacity_verified", "assignment_pending", "assignment_in_progress")

#: One event of a story: milliseconds since the one before, source, type, severity and context.
Beat = tuple[int, str, str, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """What happens to a booking, how often in a hundred, and the state it ends in."""

    weight: int
    beats: Sequence[Beat]
    state: str
    version: int


def stories() -> list[Story]:
    """The stories of bookings."""
    retried = [
        *_run("created", "no_assignment", 1),
        *_shift(_run("assignment_pending", None, 2, version=6), 2_400),
    ]
    failed = [*_run("created", "error", 1), *_shift(_run("assignment_pending", None, 2, version=6), 1_300)]
    review = _run("created", None, 1, review="no_capacity_at_time")
    return [
        Story(weight=66, beats=_run("created", None, 1), state="confirmed", version=6),
        Story(weight=6, beats=retried, state="confirmed", version=9),
        Story(weight=1, beats=failed, state="confirmed", version=9),
        Story(weight=5, beats=review, state="manual_review", version=5),
        Story(weight=10, beats=_legacy("disabled"), state="confirmed", version=6),
        Story(weight=12, beats=[*_legacy("shadow"), *_shadow()], state="confirmed", version=6),
    ]


def _run(
    state: str, fails: str | None, attempt: int, *, version: int = 2, review: str | None = None
) -> list[Beat]:
    """A run of the coordinator; `{d}` stands for its milliseconds and `{w}` for those of its lock."""
    coordinator, engine = "assignment.coordinator", "assignment.engine"
    beats: list[Beat] = [
        (
            0,
            coordinator,
            "coordinator.start",
            "info",
            '{"mode": "active", "trigger": "intake", "flag_version": 4}',
        ),
        (1, coordinator, "coordinator.lock_acquired", "info", '{"wait_ms": {w}, "ttl_ms": 30000}'),
        (0, coordinator, "coordinator.rate_permit_acquired", "info", '{"in_use": 1, "limit": 3}'),
    ]
    path = CLAIM[CLAIM.index(state) :]
    for origin, target in pairwise(path):
        beats.append(_transition(origin, target, version))
        version += 1
    if fails:
        context = f'{{"reason": "{fails}", "plans": 0, "duration_ms": {{d}}}}'
        if fails == "error":
            error = '{"error_class": "OperationalError", "error_id": "0f3a5c6b7d8e"}'
            beats.append((3, coordinator, "coordinator.error", "error", error))
        retry = f'{{"reason": "{fails}", "delay_ms": 1{{d}}, "attempts": {attempt}, "duration_ms": {{d}}}}'
        return [
            *beats,
            (9, engine, "attempt.failure", "info", context),
            _transition("assignment_in_progress", "assignment_pending", version, fails),
            (0, coordinator, "coordinator.retry", "info", retry),
        ]
    if review:
        context = f'{{"reason": "{review}", "attempts": {attempt}, "duration_ms": {{d}}}}'
        return [
            *beats,
            _transition("assignment_in_progress", "manual_review", version, review),
            (0, coordinator, "coordinator.manual_review", "notice", context),
        ]
    success = '{"strategy": "optimal_fit", "score": 0.91, "plans": 12, "duration_ms": {d}}'
    confirmed = f'{{"strategy": "optimal_fit", "attempts": {attempt}, "duration_ms": {{d}}, "moves": 0}}'
    return [
        *beats,
        (9, engine, "attempt.success", "info", success),
        _transition("assignment_in_progress", "assigned", version),
        _transition("assigned", "confirmed", version + 1),
        (0, coordinator, "coordinator.confirmed", "info", confirmed),
        (60, "outbox", "mail.sent", "info", '{"kind": "confirmation", "attempt": 1}'),
    ]


def _transition(origin: str, target: str, version: int, reason: str | None = None, **more: str) -> Beat:
    told = {**({"reason": reason} if reason else {}), **more}
    extra = "".join(f', "{key}": "{value}"' for key, value in told.items())
    if target == "assigned":
        extra += ', "metadata": {"strategy": "optimal_fit"}'
    context = f'{{"from": "{origin}", "to": "{target}", "version": {version}{extra}}}'
    return (0, "assignment.state_machine", "booking.assignment_state_transition", "info", context)


def _legacy(path: str) -> list[Beat]:
    states = (*CLAIM, "assigned", "confirmed")
    moves = [_transition(*pair, number) for number, pair in enumerate(pairwise(states), 2)]
    attempt = (
        '{"attempt": 1, "result": "success", "reason": null, "strategy": "legacy", "plans": 3, '
        '"duration_ms": {d}}'
    )
    summary = (
        f'{{"result": "succeeded", "reason": null, "attempts": 1, "duration_ms": {{d}}, "path": "{path}"}}'
    )
    return [
        (0, "auto_assign", "auto_assign.attempt.start", "info", '{"attempt": 1, "trigger": "intake"}'),
        *((wait, "auto_assign", "auto_assign.transition", level, text) for wait, _, _, level, text in moves),
        (9, "auto_assign", "auto_assign.attempt", "info", attempt),
        (0, "auto_assign", "auto_assign.summary", "info", summary),
        (60, "outbox", "mail.sent", "info", '{"kind": "confirmation", "attempt": 1}'),
    ]


def _shadow() -> list[Beat]:
    states = (*CLAIM, "assigned", "confirmed")
    moves = [_transition(*pair, number, mode="shadow") for number, pair in enumerate(pairwise(states), 2)]
    compared = (
        '{"class": "match", "noise_class": "match", "legacy_score": 0.91, "v3_score": 0.91, '
        '"duration_ms": {d}, "mode": "shadow"}'
    )
    return [*moves, (5, "assignment.shadow", "shadow.compared", "info", compared)]


def _shift(beats: Sequence[Beat], milliseconds: int) -> list[Beat]:
    (_, *first), *rest = beats
    return [(milliseconds, *first), *rest]  # type: ignore[list-item]
