"""The chain of the rollout's records: each is bound to the one before, and told as an event.

Whoever changes the rollout holds the chain's lock from the start of its transaction to the end, so
that records stand in the order in which things were decided, without gaps. The order of locks is
chain, phase, flags.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from django.db import connection

from assignments.engine.gates import canonical
from assignments.engine.gates.canonical import JsonValue
from assignments.flags.authors import Author
from assignments.models import LedgerEntry, Phase
from observability import events
from observability.events import Severity

#: Any number nobody else uses; it names this lock in pg_locks.
ADVISORY_LOCK = 0x7AB1F


def hold() -> None:
    """Take the chain's lock until the transaction ends; a second time costs nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])


def append(
    kind: str,
    body: Mapping[str, Any],
    *,
    phase: Phase | None,
    by: Author,
    now: datetime,
    severity: Severity = Severity.NOTICE,
) -> LedgerEntry:
    """Write a record and its event in the caller's transaction.

    `kind` is an event type of source "rollout"; `body` holds no floating-point number (TypeError).
    """
    hold()
    last = LedgerEntry.objects.order_by("-number").only("number", "digest").first()
    entry = LedgerEntry(
        number=last.number + 1 if last else 1,
        kind=kind,
        phase=phase,
        at=now,
        author=by.name,
        actor_id=by.user_id,
        body=dict(body),
        previous=last.digest if last else canonical.GENESIS,
    )
    entry.digest = canonical.link(entry.previous, record_of(entry, phase.number if phase else None))
    entry.save(force_insert=True)
    _tell(entry, phase, severity)
    return entry


def record_of(entry: LedgerEntry, phase_number: int | None) -> dict[str, JsonValue]:
    """What the digest of an entry is over; bundles carry the same."""
    return {
        "number": entry.number,
        "kind": entry.kind,
        "phase": phase_number,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "author": entry.author,
        "actor": entry.actor_id,
        "body": cast("JsonValue", entry.body),
    }


def head() -> str:
    """The digest of the last record; zeros before the first."""
    newest = LedgerEntry.objects.order_by("-number").values_list("digest", flat=True).first()
    return newest or canonical.GENESIS


def verify() -> int | None:
    """The number of the first record that is missing, moved or changed; None if the chain holds."""
    previous = canonical.GENESIS
    entries = LedgerEntry.objects.order_by("number").select_related("phase").iterator(chunk_size=500)
    for number, entry in enumerate(entries, start=1):
        record = record_of(entry, entry.phase.number if entry.phase else None)
        linked = canonical.link(previous, record)
        if (entry.number, entry.previous, entry.digest) != (number, previous, linked):
            return number
        previous = entry.digest
    return None


def _tell(entry: LedgerEntry, phase: Phase | None, severity: Severity) -> None:
    events.record(
        [
            events.Record(
                source=events.ROLLOUT,
                event_type=entry.kind,
                at=entry.at,
                severity=severity,
                context={
                    "record": entry.number,
                    "digest": entry.digest,
                    "phase": phase.number if phase else None,
                    "key": phase.key if phase else None,
                },
            )
        ]
    )
