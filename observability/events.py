"""Records events. Every type is declared here with the context keys it may carry.

Contexts hold ids, codes and figures, never personal data: a key that is not declared is refused,
so nobody's name slips into a table that is kept, exported and read by many.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from observability.models import Severity as Severity

COORDINATOR = "assignment.coordinator"
STATE_MACHINE = "assignment.state_machine"
ENGINE = "assignment.engine"
ALLOCATIONS = "allocations"
BOOKINGS = "bookings"
CLUSTER = "cluster"
FLAGS = "flags"
AUTO_ASSIGN = "auto_assign"
SHADOW = "assignment.shadow"
OUTBOX = "outbox"
REVIEW = "review"
ROLLOUT = "rollout"
WEBHOOKS = "webhooks"
OBSERVABILITY = "observability"
ACCESS = "access"

#: Allowed context keys by source and event type.
CATALOGUE: Mapping[str, Mapping[str, frozenset[str]]] = {
    COORDINATOR: {
        "coordinator.start": frozenset({"mode", "trigger", "flag_version"}),
        "coordinator.noop": frozenset({"reason"}),
        "coordinator.lock_acquired": frozenset({"wait_ms", "ttl_ms"}),
        "coordinator.lock_contention": frozenset({"wait_ms", "ttl_ms"}),
        "coordinator.rate_permit_acquired": frozenset({"in_use", "limit"}),
        "coordinator.circuit_open": frozenset({"failures", "delay_ms", "open_ms"}),
        "coordinator.circuit_closed": frozenset({"open_ms"}),
        "coordinator.confirmed": frozenset({"strategy", "attempts", "duration_ms", "moves"}),
        "coordinator.retry": frozenset({"reason", "delay_ms", "attempts", "duration_ms"}),
        "coordinator.manual_review": frozenset({"reason", "attempts", "duration_ms"}),
        "coordinator.error": frozenset({"error_class", "error_id"}),
    },
    STATE_MACHINE: {
        "booking.assignment_state_transition": frozenset(
            {"from", "to", "version", "reason", "mode", "metadata"}
        ),
    },
    ENGINE: {
        "attempt.success": frozenset({"strategy", "score", "plans", "duration_ms"}),
        "attempt.failure": frozenset({"reason", "plans", "duration_ms"}),
    },
    SHADOW: {
        "shadow.compared": frozenset(
            {
                "class",
                "legacy_score",
                "v3_score",
                "duration_ms",
                "noise_class",
                "mode",
                "reason",
                "error_class",
                "error_id",
            }
        ),
    },
    AUTO_ASSIGN: {
        "auto_assign.attempt.start": frozenset({"attempt", "trigger"}),
        "auto_assign.attempt": frozenset(
            {
                "attempt",
                "result",
                "reason",
                "strategy",
                "plans",
                "duration_ms",
                "error_class",
                "error_id",
            }
        ),
        "auto_assign.retry_scheduled": frozenset({"attempt", "reason", "delay_ms"}),
        "auto_assign.summary": frozenset({"result", "reason", "attempts", "duration_ms", "path"}),
        "auto_assign.transition": frozenset({"from", "to", "version", "reason", "metadata"}),
    },
    ALLOCATIONS: {
        "booking.moved": frozenset({"from_tables", "to_tables", "cause", "for_booking"}),
    },
    BOOKINGS: {
        "booking.changed": frozenset({"fields", "revision", "seating", "actor"}),
        "booking.checked_in": frozenset({"actor"}),
        "booking.completed": frozenset({"actor"}),
        "booking.no_show": frozenset({"actor"}),
        "booking.locked": frozenset({"actor"}),
        "booking.unlocked": frozenset({"actor"}),
        "booking.guest_erased": frozenset({"erasure", "actor"}),
        "guest.exported": frozenset({"bookings", "actor"}),
        "guests.forgotten": frozenset({"bookings", "days"}),
        "table.withdrawn": frozenset({"table", "kept_seats", "moved", "replanned", "to_people", "actor"}),
        "table.returned": frozenset({"table", "actor"}),
        "floor_plan.edited": frozenset({"tables", "kept_seats", "moved", "replanned", "to_people", "actor"}),
        "house.edited": frozenset({"thing", "row", "action", "fields", "actor"}),
    },
    REVIEW: {
        "case.change_wished": frozenset({"action", "reason"}),
        "case.change_resolved": frozenset({"action"}),
        "case.now_fits": frozenset({"strategy", "tables"}),
        "case.requeued": frozenset({"action", "reason"}),
        **{
            f"case.{step}": frozenset({"action", "reason", "seconds_open"})
            for step in (
                "claimed",
                "released",
                "taken_over",
                "resolved",
                "undone",
                "snoozed",
                "woken",
                "noted",
            )
        },
    },
    FLAGS: {
        "flag.changed": frozenset({"flag", "version", "from", "to", "reason"}),
        "flag.killed": frozenset({"flag", "version", "from", "to", "reason"}),
        "flag.acknowledged": frozenset({"worker", "version", "from"}),
        "flag.proposed": frozenset({"proposal", "version", "reason"}),
        "flag.decided": frozenset({"proposal", "version", "outcome", "reason"}),
    },
    # People by their ids; never a name that was typed, an address, a code.
    ACCESS: {
        "sign_in.succeeded": frozenset({"user", "step"}),
        "sign_in.failed": frozenset({"user", "step"}),
        "sign_in.locked": frozenset({"user"}),
        "sign_in.unlocked": frozenset({"user", "actor"}),
        "session.ended": frozenset({"user", "reason"}),
        "password.changed": frozenset({"user", "actor"}),
        "password.link_sent": frozenset({"user", "actor"}),
        "device.enrolled": frozenset({"user", "actor"}),
        "device.replaced": frozenset({"user", "actor"}),
        "device.reset": frozenset({"user", "actor"}),
        "recovery_code.used": frozenset({"user", "left"}),
        "recovery_codes.renewed": frozenset({"user"}),
    },
    # Each points at its record in the chain, which tells the rest.
    ROLLOUT: {
        event_type: frozenset({"record", "digest", "phase", "key"})
        for event_type in (
            "phase.entered",
            "phase.left",
            "phase.completed",
            "phase.rolled_back",
            "phase.watched",
            "phase.parallel_raised",
            "phase.item_ticked",
            "phase.item_unticked",
            "phase.remarked",
            "gate.policy_edited",
            "gate.policy_adopted",
            "gate.overridden",
            "gate.looked",
            "gate.ready",
            "signoff.proposed",
            "signoff.signed",
            "signoff.rejected",
            "signoff.decided",
            "signoff.voided",
            "guard.triggered",
            "incident.opened",
            "incident.closed",
            "incident.known",
            "incident.known_closed",
            "evidence.imported",
            "evidence.exported",
        )
    },
    CLUSTER: {
        "cluster.restarted": frozenset({"reason", "silent_ms", "restarts"}),
    },
    OBSERVABILITY: {
        "events.dropped": frozenset({"day", "events", "keep_days"}),
        **{
            f"alert.{step}": frozenset({"alert", "rule", "priority", "value", "actor"})
            for step in ("fired", "acknowledged", "resolved")
        },
    },
    OUTBOX: {
        "mail.sent": frozenset({"kind", "attempt"}),
        "mail.retry": frozenset({"kind", "attempt"}),
        "mail.unknown": frozenset({"kind", "attempt"}),
        "mail.dead": frozenset({"kind", "attempt"}),
        "mail.void": frozenset({"kind", "attempt"}),
        "mail.suppressed": frozenset({"kind", "attempt"}),
        "mail.resent": frozenset({"kind", "attempt"}),
        "mail.delivered": frozenset({"kind", "attempt"}),
    },
    WEBHOOKS: {
        "webhook.sent": frozenset({"endpoint", "event", "attempt", "answer"}),
        "webhook.retry": frozenset({"endpoint", "event", "attempt", "answer"}),
        "webhook.dead": frozenset({"endpoint", "event", "attempt", "answer"}),
        "webhook.resent": frozenset({"endpoint", "event", "attempt", "answer"}),
        "webhook.disabled": frozenset({"endpoint", "reason"}),
    },
}


class UnknownEventError(ValueError):
    """An event whose source, type or context key is not in the catalogue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """An event about to be written. `at` is when it happened, in the domain's clock."""

    source: str
    event_type: str
    at: datetime
    severity: Severity = Severity.INFO
    restaurant_id: int | None = None
    booking_id: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise UnknownEventError for what the catalogue does not name."""
        allowed = CATALOGUE.get(self.source, {}).get(self.event_type)
        if allowed is None:
            raise UnknownEventError(f"{self.source} {self.event_type} is not in the catalogue of events")
        unknown = sorted(set(self.context) - allowed)
        if unknown:
            raise UnknownEventError(
                f"{self.event_type} may not carry {', '.join(unknown)}; allowed: {', '.join(sorted(allowed))}"
            )


_INSERT = """
INSERT INTO observability_events
    (source, event_type, severity, context, restaurant_id, booking_id, created_at)
SELECT event.source, event.event_type, event.severity, {context},
       event.restaurant_id, event.booking_id, event.at
FROM json_to_recordset(%(events)s::json) AS event (
    source text, event_type text, severity text, context jsonb,
    restaurant_id bigint, booking_id bigint, at timestamptz)
"""


def insertion(*, context: str = "event.context") -> str:
    """The statement that writes events, for one that writes more than events.

    Its parameter `events` is what `as_rows` makes; `context` may be an expression that adds to
    `event.context` what only the database knows.
    """
    return _INSERT.format(context=context)


def as_rows(records: Sequence[Record]) -> str:
    """Events as one JSON text: a tenth of the work of an array for each column."""
    return json.dumps(
        [
            {
                "source": r.source,
                "event_type": r.event_type,
                "severity": r.severity.value,
                "context": r.context,
                "restaurant_id": r.restaurant_id,
                "booking_id": r.booking_id,
                "at": r.at.isoformat(),
            }
            for r in records
        ],
        default=dict,
    )


def record(records: Sequence[Record]) -> None:
    """Write events in the current transaction, in order, with one statement."""
    if not records:
        return
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, {"events": as_rows(records)})


_RECORD = insertion()
