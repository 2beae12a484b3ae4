"""Decides from one look at a rule's value where the rule stands now. Pure.

No data neither fires nor resolves: it takes a rule out of quiet or pending into a state of its own, and
leaves a firing one firing with its clock of recovery stopped.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from observability.alerts.policy import MOST_APART, Rule
from observability.models import RuleState


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What a look found: a value with the size of its sample if it has one; None if there was nothing."""

    value: float | None
    of: int | None = None
    detail: str = ""

    def enough_for(self, rule: Rule) -> float | None:
        """The value, if it rests on enough to be judged."""
        return None if self.of is not None and self.of < rule.minimum else self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a rule stands, and since when its value has been bad, or good again while it fires."""

    state: RuleState
    since: datetime
    evaluated_at: datetime
    breaching_since: datetime | None = None
    clear_since: datetime | None = None


class Turn(StrEnum):
    FIRES = "fires"
    RESOLVES = "resolves"


def evaluate(
    rule: Rule, before: Standing | None, value: float | None, now: datetime
) -> tuple[Standing, Turn | None]:
    """The standing after a look at `now` that found `value`, and whether it turned.

    `value` None is no data; `before` None is a rule that nobody has looked at yet.
    """
    known = _trusted(before, now) or Standing(state=RuleState.NO_DATA, since=now, evaluated_at=now)
    if known.state == RuleState.FIRING:
        return _while_firing(rule, known, value, now)
    if value is None:
        return _become(known, RuleState.NO_DATA, now), None
    if not rule.is_bad(value):
        return _become(known, RuleState.QUIET, now), None
    since = known.breaching_since or now
    if now - since >= rule.fires_after:
        return _become(known, RuleState.FIRING, now, breaching_since=since), Turn.FIRES
    return _become(known, RuleState.PENDING, now, breaching_since=since), None


def _while_firing(
    rule: Rule, known: Standing, value: float | None, now: datetime
) -> tuple[Standing, Turn | None]:
    if value is None or not rule.is_good(value):
        return replace(known, clear_since=None), None
    since = known.clear_since or now
    if now - since >= rule.resolves_after:
        return _become(known, RuleState.QUIET, now), Turn.RESOLVES
    return replace(known, clear_since=since), None


def _trusted(before: Standing | None, now: datetime) -> Standing | None:
    """What was known, dated now. Its clocks stop where nobody looked for so long that much may have been."""
    if before is None:
        return None
    if now - before.evaluated_at <= MOST_APART:
        return replace(before, evaluated_at=now)
    since = before.breaching_since if before.state == RuleState.FIRING else None
    return replace(before, evaluated_at=now, breaching_since=since, clear_since=None)


def _become(
    known: Standing, state: RuleState, now: datetime, *, breaching_since: datetime | None = None
) -> Standing:
    since = known.since if known.state == state else now
    return Standing(state=state, since=since, evaluated_at=now, breaching_since=breaching_since)
