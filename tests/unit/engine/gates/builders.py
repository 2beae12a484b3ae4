"""Gates, inputs and looks for tests: a sound default of each, changed by what the test is about."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from assignments.engine.gates.clusters import Share
from assignments.engine.gates.looks import SINGLE_LOOK, Look
from assignments.engine.gates.rules import GateInput, GateResult, GateRule, Kind, Verdict
from assignments.engine.gates.verdicts import decide

OPEN = Look(number=1, open=True)
CLOSED = Look(number=1, open=False)


def rule(kind: Kind = Kind.RATE_AT_LEAST, threshold: str = "0.95", **changes: Any) -> GateRule:
    return GateRule(key="gate", title="Gate", kind=kind, threshold=Fraction(threshold), **changes)


def given(numerator: int | None = None, denominator: int | None = None, **changes: Any) -> GateInput:
    return replace(GateInput(age_seconds=0, numerator=numerator, denominator=denominator), **changes)


def result(gate: GateRule, measured: GateInput, look: Look = SINGLE_LOOK) -> GateResult:
    return decide(gate, measured, look)


def verdict(gate: GateRule, measured: GateInput, look: Look = SINGLE_LOOK) -> Verdict:
    return decide(gate, measured, look).verdict


def shares(*counts: tuple[int, int]) -> tuple[Share, ...]:
    return tuple(Share(hits=hits, trials=trials) for hits, trials in counts)


def summed(each: Iterable[Share], **changes: Any) -> GateInput:
    each = tuple(each)
    return given(
        sum(share.hits for share in each), sum(share.trials for share in each), shares=each, **changes
    )
