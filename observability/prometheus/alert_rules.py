"""The alert rules for Prometheus, written out of the console's own (`observability.alerts.policy`).

A threshold stands in one place. Prometheus lacks nothing of it: the time a value has to be bad is `for`, that
it has to be good again is `keep_firing_for`. Between its good and its bad value a rule of the console stays
as it is, while one of Prometheus takes that for good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from observability.alerts import policy
from observability.alerts.policy import Rule
from observability.models import Priority

HEAD = """\
# Written by `manage.py prometheus_rules`, out of the console's own rules; a test compares. Several web
# processes show the same figures of one database, so that max() is taken of gauges and of rises, never
# sum() over them.
groups:
  - name: table-assignment
    rules:
"""

_SEVERITIES = {Priority.P1: "critical", Priority.P2: "warning"}

_OUTCOMES = "sum(max by (path, outcome, reason) (increase(table_assignment_outcomes_total[{span}])))"
_OUTCOMES_OF = (
    'sum(max by (path, reason) (increase(table_assignment_outcomes_total{{outcome="{outcome}"}}[{span}])))'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """What Prometheus reads for a rule; `{bad}`, `{span}` and `{minimum}` of `expression` are the rule's."""

    name: str
    rule: Rule
    expression: tuple[str, ...]
    description: str


ALERTS = (
    Alert(
        name="ConfirmationLow",
        rule=policy.CONFIRMATION_LOW,
        expression=(
            _OUTCOMES_OF.replace("{outcome}", "confirmed"),
            f"  / {_OUTCOMES} < {{bad}}",
            f"and {_OUTCOMES} >= {{minimum}}",
        ),
        description="{{ $value | humanizePercentage }} of the outcomes.",
    ),
    Alert(
        name="ErrorsHigh",
        rule=policy.ERRORS_HIGH,
        expression=(
            "max(table_assignment_recent_bookings_failed)",
            "  / max(table_assignment_recent_bookings_started) > {bad}",
            "and max(table_assignment_recent_bookings_started) >= {minimum}",
        ),
        description="{{ $value | humanizePercentage }} of the bookings started.",
    ),
    Alert(
        name="ReviewHigh",
        rule=policy.REVIEW_HIGH,
        expression=(
            _OUTCOMES_OF.replace("{outcome}", "manual_review"),
            f"  / {_OUTCOMES} > {{bad}}",
            f"and {_OUTCOMES} >= {{minimum}}",
        ),
        description="{{ $value | humanizePercentage }} of the outcomes.",
    ),
    Alert(
        name="CircuitOpen",
        rule=policy.BREAKER_OPEN,
        expression=("max(table_assignment_circuit_open_seconds) > {bad}",),
        description="For {{ $value | humanizeDuration }}; no booking is assigned meanwhile.",
    ),
    Alert(
        name="BookingsStuck",
        rule=policy.STUCK,
        expression=("sum(max by (state) (table_assignment_stuck_bookings)) > {bad}",),
        description="{{ $value }} have not moved for 10 minutes.",
    ),
    Alert(
        name="AssignmentSlow",
        rule=policy.LATENCY_HIGH,
        expression=(
            "1000 * histogram_quantile(0.95,",
            "  max by (le) (increase(table_assignment_run_seconds_bucket[{span}]))) > {bad}",
            "and max(increase(table_assignment_run_seconds_count[{span}])) >= {minimum}",
        ),
        description="p95 of the deciding runs is {{ $value }} ms.",
    ),
    Alert(
        name="ClusterStalled",
        rule=policy.CLUSTER_STALLED,
        expression=(
            "max(max_over_time(table_assignment_workers[{bad}s])) == 0",
            "or max(table_assignment_queue_oldest_seconds) > {bad}",
        ),
        description="No worker is heard of, or a task is due and nobody takes it.",
    ),
    Alert(
        name="OutboxUnknown",
        rule=policy.OUTBOX_UNKNOWN,
        expression=('max(table_assignment_outbox_mails{{status="unknown"}}) > {bad}',),
        description="{{ $value }} mails; a person decides about each in the outbox.",
    ),
    Alert(
        name="EventsStale",
        rule=policy.EVENTS_STALE,
        expression=(
            "(sum(max by (channel) (increase(table_assignment_bookings_received_total[{bad}s]))) > 0",
            "  unless sum(max by (type) (increase(table_assignment_events_total[{bad}s]))) > 0)",
            "or max(table_assignment_rollup_stalled_seconds) > {bad}",
        ),
        description="Bookings come in and no event is recorded, or the rollups stand still.",
    ),
    Alert(
        name="RolledBack",
        rule=policy.ROLLED_BACK,
        expression=(
            "sum(max by (type) (",
            '  increase(table_assignment_events_total{{type="phase.rolled_back"}}[{span}]))) > {bad}',
        ),
        description="A person or the guard took a phase back; its incident says why.",
    ),
    Alert(
        name="SignInsLocked",
        rule=policy.SIGN_INS_LOCKED,
        expression=(
            "sum(max by (type) (",
            '  increase(table_assignment_events_total{{type="sign_in.locked"}}[{span}]))) > {bad}',
        ),
        description="{{ $value }} lockouts; several people forgot their passwords, or somebody guesses.",
    ),
)

#: What only Prometheus can see: that there is nothing to judge by.
_MISSING = """\
      - alert: MetricsMissing
        expr: absent(table_assignment_workers)
        for: 2m
        labels: {severity: critical}
        annotations:
          summary: No figures are read
          description: Nothing below can be judged. Is the console up, and has Prometheus METRICS_TOKEN?
"""


def text() -> str:
    """The file of rules."""
    return HEAD + _MISSING + "".join(f"\n{''.join(_lines(alert))}" for alert in ALERTS)


def _lines(alert: Alert) -> Iterator[str]:
    rule = alert.rule
    yield f"      - alert: {alert.name}\n        expr: |\n"
    for line in alert.expression:
        told = line.format(bad=f"{rule.threshold:g}", span=_span(rule.span), minimum=rule.minimum)
        yield f"          {told}\n"
    if rule.fires_after:
        yield f"        for: {_span(rule.fires_after)}\n"
    yield f"        keep_firing_for: {_span(rule.resolves_after)}\n"
    yield f"        labels: {{severity: {_SEVERITIES[rule.priority]}}}\n"
    yield "        annotations:\n"
    yield f"          summary: {rule.title}\n"
    yield f'          description: "{alert.description}"\n'
    yield f"          runbook: docs/runbook.md#{rule.key}\n"


def _span(duration: timedelta) -> str:
    return f"{duration.total_seconds() / 60:.0f}m"
