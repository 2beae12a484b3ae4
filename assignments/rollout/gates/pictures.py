"""What the gates of a phase say, as pages show it: kept for a while, as measuring a large one takes seconds.

Nothing is decided by a picture. A signature binds to a snapshot, and whoever takes one measures afresh
(`looking.take`). A picture is of the phase, its policy, the flags and the records of looks and incidents it
was taken on: where any of them changes, it is no longer found. Workers renew it, so that pages hardly ever
have to; without workers, or without Redis, pages measure themselves.
"""

import time
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from django.core.cache import cache
from django.db.models import Q
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from assignments.engine.gates.clusters import Share
from assignments.engine.gates.looks import Look
from assignments.engine.gates.rules import Extent, GateInput, GateResult
from assignments.models import FlagState, LedgerEntry, Phase, Snapshot
from assignments.rollout import phases
from assignments.rollout.gates.looking import Evaluation, evaluate
from assignments.rollout.gates.seen import Seen
from assignments.shadow.coverage import Coverage, RestaurantCoverage
from observability.metrics.restaurants import RestaurantFigures

#: Bookings decided from which on a phase has pictures; a smaller one is measured whenever it is looked at.
LEAST_BOOKINGS = 2_000

#: The oldest picture that a page shows.
OLDEST = timedelta(minutes=5)

#: What is between two renewals: twenty times what the last took, but no less and no more than this.
PAUSES = 20
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(seconds=150)

#: How long what was seen of a phase that was left is kept; it changes no more.
OF_LEFT = timedelta(days=1)

_TURN = "rollout:picture:turn"
_KEPT = (
    Evaluation, Seen, Look, GateInput, GateResult, Extent, Share, Coverage, RestaurantCoverage,
    RestaurantFigures,
)  # fmt: skip

#: Of another release, whose records have other fields, no picture is found.
_SHAPE = crc32(repr([(kind.__name__, [field.name for field in fields(kind)]) for kind in _KEPT]).encode())


def of(phase: Phase, *, now: datetime) -> Evaluation:
    """What the gates of the phase under way say, at most OLDEST ago; `seen.until` tells when."""
    key = _key(phase)
    kept = _get(key)
    if isinstance(kept, Evaluation) and timedelta(0) <= now - kept.seen.until <= OLDEST:
        return kept
    return _take(phase, key, now)


def of_left(phase: Phase, snapshot: Snapshot) -> Seen:
    """What was seen up to the last look at a phase that was left."""
    key = f"rollout:seen:{_SHAPE}:{snapshot.digest}"
    kept = _get(key)
    if isinstance(kept, Seen):
        return kept
    seen = Seen(phase=phase, until=snapshot.taken_at)
    _read_all(seen)
    _set(key, seen, OF_LEFT)
    return seen


def renew(*, now: datetime) -> bool:
    """Take a picture if it is time, in one of the processes that ask; whether one was taken."""
    if not _is_turn():
        return False
    phase = phases.current()
    if phase is None or not _is_large(Seen(phase=phase, until=now)):
        return False
    began = time.monotonic()
    _take(phase, _key(phase), now)
    took = timedelta(seconds=time.monotonic() - began)
    _set(_TURN, 1, min(max(PAUSES * took, SHORTEST), LONGEST))
    return True


def _take(phase: Phase, key: str, now: datetime) -> Evaluation:
    found = evaluate(phase, now=now)
    if _is_large(found.seen):
        _read_all(found.seen)
        _set(key, found, OLDEST)
    return found


def _is_large(seen: Seen) -> bool:
    return seen.reached.bookings >= LEAST_BOOKINGS


def _read_all(seen: Seen) -> None:
    """What pages show beside the gates, read once and kept with them."""
    _ = seen.reached, seen.outstanding, seen.coverage


def _key(phase: Phase) -> str:
    """Everything besides figures that verdicts follow from."""
    version = FlagState.objects.values_list("version", flat=True).first() or 0
    of_ground = Q(kind__startswith="gate.") | Q(kind__startswith="incident.")
    record = (
        LedgerEntry.objects.filter(of_ground).order_by("-number").values_list("number", flat=True).first()
    )
    entered = phase.entered_at.timestamp()
    return f"rollout:picture:{_SHAPE}:{phase.pk}:{entered}:{phase.policy_id}:{version}:{record or 0}"


def _is_turn() -> bool:
    try:
        return bool(cache.add(_TURN, 1, timeout=SHORTEST.total_seconds()))
    except (ConnectionInterrupted, RedisError):
        return False


def _get(key: str) -> Any:
    try:
        return cache.get(key)
    except (ConnectionInterrupted, RedisError):
        return None


def _set(key: str, value: object, keep: timedelta) -> None:
    """Lost where Redis is away: then every page measures."""
    try:
        cache.set(key, value, timeout=keep.total_seconds())
    except (ConnectionInterrupted, RedisError):
        return
