"""What the phase page says first, for whoever reads nothing else."""

from dataclasses import replace

import pytest

from assignments.engine.gates.rules import Verdict
from config.console.rollout.sentences import Gate, Signing, Standing, conditions, headline

READY = Standing(
    gates=(Gate(title="Confirmed", verdict=Verdict.PASS),),
    earliest="",
    incidents=(),
    open_items=0,
    items=8,
    signers=("on-call engineer", "product owner"),
    signing=None,
    next_title="Production 100 %",
    back_title="Production 10 %",
)


def gates(**verdicts: Verdict) -> tuple[Gate, ...]:
    return tuple(Gate(title=title, verdict=verdict) for title, verdict in verdicts.items())


def test_unsettled_gates_hold_and_say_when_and_what_settles_them() -> None:
    standing = replace(
        READY,
        gates=(
            Gate(title="Coordinator errors", verdict=Verdict.INCONCLUSIVE, needed=198),
            Gate(title="Manual review", verdict=Verdict.INCONCLUSIVE, needed=3),
            Gate(title="Minimum time", verdict=Verdict.INCONCLUSIVE),
            Gate(title="Confirmed", verdict=Verdict.PASS),
        ),
        earliest="Sat 21 Nov 00:00 UTC",
    )
    found = headline(standing)
    assert found.says == "Hold. Three gates are not settled, none has failed."
    assert found.then == (
        "Earliest decision Sat 21 Nov 00:00 UTC. 198 more clean bookings settle "
        "Coordinator errors. 0 of 2 signed."
    )


def test_a_failed_gate_comes_before_everything_else() -> None:
    standing = replace(
        READY, gates=gates(Confirmed=Verdict.FAIL, Review=Verdict.STALE), incidents=["INC-1 (P1)"]
    )
    found = headline(standing)
    assert found.says == "Blocked. One gate has failed: Confirmed."
    assert "cannot be overridden" in found.then
    assert "Roll back to Production 10 %" in found.then


def test_an_open_incident_blocks_even_when_every_gate_passes() -> None:
    found = headline(replace(READY, incidents=["INC-1 (P1)", "INC-2 (P0)"]))
    assert found.says == "Blocked. INC-1 (P1) and INC-2 (P0) are open."
    assert "Close it with its resolution" in found.then


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.STALE, "cannot be judged"),
        (Verdict.ERROR, "cannot be judged"),
        (Verdict.NO_DATA, "no data yet"),
    ],
)
def test_what_is_not_measured_is_named(verdict: Verdict, words: str) -> None:
    found = headline(replace(READY, gates=gates(Complaints=verdict)))
    assert found.tone == "watch"
    assert "Complaints" in found.then
    assert words in found.then


def test_an_open_checklist_holds_a_phase_whose_gates_pass() -> None:
    assert headline(replace(READY, open_items=2)).says == (
        "Hold. Every gate passes, 2 items of the checklist are open."
    )


def test_ready_says_who_has_to_do_what() -> None:
    found = headline(READY)
    assert found.says == "Ready. Every gate passes and nothing blocks."
    assert "proposes going on to Production 100 %" in found.then
    assert "on-call engineer and product owner sign" in found.then


def test_a_proposal_says_who_is_missing_and_what_the_last_signature_does() -> None:
    signing = Signing(decision="proceed", signed=1, missing=["product owner"])
    found = headline(replace(READY, signing=signing))
    assert found.says == "Waiting for signatures. 1 of 2 signed for going on."
    assert found.then == (
        "Still to sign: product owner. The last signature decides, and Production 100 % begins."
    )


def test_a_proposal_to_hold_does_not_hide_what_is_not_settled() -> None:
    signing = Signing(decision="hold", signed=1, missing=["product owner"])
    found = headline(replace(READY, gates=gates(Confirmed=Verdict.INCONCLUSIVE), signing=signing))
    assert found.says == "Hold. One gate is not settled, none has failed."
    assert "1 of 2 signed for holding." in found.then


def test_what_would_not_take_effect_is_no_way_on() -> None:
    found = headline(replace(READY, obstacles=["The kill switch is on."]))
    assert "would not take effect" in found.says
    assert "kill switch" in found.then


def test_every_condition_not_met_has_a_way_out() -> None:
    standing = replace(READY, gates=gates(A=Verdict.FAIL), incidents=["INC-1 (P0)"], open_items=1)
    found = conditions(standing)
    assert [condition.met for condition in found] == [False, False, False, False]
    assert all(condition.way_out for condition in found[1:])
    assert found[0].says == "1 of 1 gates not PASS: A"


def test_many_gates_are_counted_not_listed() -> None:
    standing = replace(
        READY, gates=gates(A=Verdict.FAIL, B=Verdict.FAIL, C=Verdict.FAIL, D=Verdict.FAIL, E=Verdict.FAIL)
    )
    assert headline(standing).says == "Blocked. Five gates have failed: A, B, C and 2 more."
