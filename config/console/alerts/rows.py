"""Alerts and rules as the page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bookings.display.looks import Look
from config.console.review.rows import in_words
from observability.alerts.policy import BY_KEY, MOST_APART, RULES, Rule, title_of
from observability.models import Alert, AlertState, RuleStanding, RuleState

STATES: Mapping[str, Look] = {
    AlertState.FIRING: Look(label="Firing", icon="bad", tone="critical"),
    AlertState.ACKNOWLEDGED: Look(label="Acknowledged", icon="user", tone="watch"),
    AlertState.RESOLVED: Look(label="Resolved", icon="ok", tone="good"),
}
RULE_STATES: Mapping[str, Look] = {
    RuleState.QUIET: Look(label="Quiet", icon="ok", tone="good"),
    RuleState.PENDING: Look(label="Pending", icon="half", tone="watch"),
    RuleState.FIRING: Look(label="Firing", icon="bad", tone="critical"),
    RuleState.NO_DATA: Look(label="No data", icon="ring", tone="unknown"),
}
_STALE = Look(label="Not looked at", icon="stale", tone="unknown")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """An instant of no restaurant: `words` in UTC to the minute, `age` how long ago."""

    iso: str
    words: str
    age: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertRow:
    pk: int
    rule: str
    title: str
    priority: str
    look: Look
    fired: Moment
    lasted: str
    value: str
    limit: str
    detail: str
    owner: str
    may_be_acknowledged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRow:
    key: str
    title: str
    look: Look
    since: Moment | None
    value: str
    limit: str
    detail: str


def moment(at: datetime, now: datetime) -> Moment:
    utc = at.astimezone(UTC)
    return Moment(
        iso=utc.isoformat(timespec="seconds"), words=f"{utc:%d %b %H:%M} UTC", age=in_words(now - at)
    )


def alert_row(alert: Alert, now: datetime) -> AlertRow:
    """One alert; its row has `acknowledged_by` at hand."""
    rule = BY_KEY.get(alert.rule)
    return AlertRow(
        pk=alert.pk,
        rule=alert.rule,
        title=title_of(alert.rule),
        priority=alert.priority,
        look=STATES[alert.state],
        fired=moment(alert.fired_at, now),
        lasted=in_words((alert.resolved_at or now) - alert.fired_at),
        value=amount(alert.value, rule),
        limit=limit(alert.threshold, rule),
        detail=alert.detail,
        owner=alert.acknowledged_by.get_username() if alert.acknowledged_by else "",
        may_be_acknowledged=alert.state == AlertState.FIRING,
    )


def rule_rows(standings: Mapping[str, RuleStanding], now: datetime) -> list[RuleRow]:
    """All rules, those never looked at or not lately included."""
    return [_rule_row(rule, standings.get(rule.key), now) for rule in RULES]


def _rule_row(rule: Rule, row: RuleStanding | None, now: datetime) -> RuleRow:
    stale = row is None or now - row.evaluated_at > MOST_APART
    return RuleRow(
        key=rule.key,
        title=rule.title,
        look=_STALE if row is None or stale else RULE_STATES[row.state],
        since=moment(row.since, now) if row else None,
        value=amount(row.value, rule) if row else "",
        limit=limit(rule.threshold, rule),
        detail=row.detail if row else "",
    )


def amount(value: float | None, rule: Rule | None) -> str:
    """Such as "87.5 %", "3 bookings", or nothing where there was no data."""
    if value is None:
        return ""
    if rule is None:
        return f"{value:g}"
    if rule.unit == "%":
        return f"{100 * value:.1f} %"
    # Units that are words are plurals.
    unit = rule.unit[:-1] if value == 1 and len(rule.unit) > 2 else rule.unit
    return f"{value:,.0f} {unit}"


def limit(threshold: float, rule: Rule | None) -> str:
    """Such as "at least 90.0 %", "at most 300 s" or "none"."""
    if threshold == 0:
        return "none"
    return f"{'at least' if rule and rule.below else 'at most'} {amount(threshold, rule)}"
