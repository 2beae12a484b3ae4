"""Policies, incidents, known issues, notes, checklists: who may, what is refused, and all of it on record."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from assignments.engine.gates.defaults import default_policy
from assignments.engine.phases import PHASES, PhaseKey, Role
from assignments.models import GatePolicy, IncidentSeverity, LedgerEntry, Phase, Remark
from assignments.rollout import checklists, incidents, known_issues, ledger, policies, remarks, rights
from assignments.rollout.errors import Code, RolloutError
from tests.factories import NOW
from tests.integration.assignments.rollout.people import ENGINEER, person, reach

pytestmark = pytest.mark.usefixtures("ten_restaurants")

KEY = PhaseKey.PRODUCTION_10


@pytest.fixture
def phase(ten_restaurants: list[Any]) -> Phase:
    return reach(KEY)


@contextmanager
def refused(code: Code) -> Iterator[None]:
    before = LedgerEntry.objects.count()
    with pytest.raises(RolloutError) as refusal:
        yield
    assert (refusal.value.code, LedgerEntry.objects.count()) == (code, before), refusal.value


def last() -> tuple[str, dict[str, Any]]:
    entry = LedgerEntry.objects.latest("number")
    return entry.kind, entry.body


# Policies ----------------------------------------------------------------------------------------------


def edit(key: PhaseKey = KEY, *, by: User | None = None, **other: Any) -> GatePolicy:
    editor = by or person(Role.ENGINEERING_LEAD)
    gates = default_policy().phase(key).gates
    given: dict[str, Any] = {"reason": "more time", "now": NOW, "by": rights.author_of(editor)}
    return policies.edit(key, other.pop("rules", gates[1:]), **given | other)


def test_the_defaults_are_written_down_once_as_version_1() -> None:
    first, again = (policies.current(PhaseKey.STAGING_FULL, now=NOW) for _ in range(2))
    assert (first, first.version, first.author) == (again, 1, "defaults")
    assert policies.demanded(first) == default_policy().phase("staging_full")
    assert first.digest == default_policy().phase("staging_full").digest()


def test_a_phase_keeps_the_policy_it_started_with_until_it_adopts_another(phase: Phase) -> None:
    before = policies.in_force(phase)
    edited = edit()
    phase.refresh_from_db()
    assert (edited.version, policies.in_force(phase)) == (2, before)
    editor = rights.author_of(person(Role.ENGINEERING_LEAD))
    adopted = policies.adopt(phase, reason="agreed", by=editor, now=NOW)
    assert policies.in_force(adopted).gates != before.gates
    assert last()[1] == {"from": 1, "to": 2, "digest": edited.digest, "reason": "agreed"}
    with refused(Code.BAD_POLICY):
        policies.adopt(phase, reason="agreed", by=editor, now=NOW)


def test_a_phase_that_is_entered_later_starts_with_the_newest() -> None:
    edit(PhaseKey.PRODUCTION_50)
    assert reach(PhaseKey.PRODUCTION_50).policy.version == 2


def test_signers_exposure_and_the_way_back_are_no_thresholds_and_stay() -> None:
    edited = policies.demanded(edit())
    default = default_policy().phase(KEY)
    assert replace(edited, gates=default.gates) == default


def test_floors_ask_for_no_more_restaurants_than_the_phase_is_about(phase: Phase) -> None:
    floors = {gate.key: gate.threshold for gate in policies.in_force(phase).gates}
    assert floors["minimum_restaurants"] == phase.restaurants < 5


def test_a_policy_needs_somebody_with_the_right_a_reason_and_a_change() -> None:
    policies.current(KEY, now=NOW)
    gates = default_policy().phase(KEY).gates
    for role in (Role.PRODUCT_OWNER, Role.QA_LEAD, Role.ON_CALL, "viewer"):
        with refused(Code.NO_RIGHT):
            edit(by=person(role))
    with refused(Code.NO_RIGHT):
        edit(by=User.objects.create_superuser("root"))
    with refused(Code.UNEXPLAINED):
        edit(reason=" ")
    for rules in ([], [gates[0], gates[0]], gates):
        with refused(Code.BAD_POLICY):
            edit(rules=rules)


def test_a_phase_that_was_left_adopts_nothing(phase: Phase) -> None:
    edit()
    reach(PhaseKey.PRODUCTION_50)
    with refused(Code.PHASE_LEFT):
        policies.adopt(phase, reason="late", by=rights.author_of(person(Role.MANAGER)), now=NOW)


# Incidents ---------------------------------------------------------------------------------------------


def test_an_incident_is_told_closed_once_and_on_record(phase: Phase) -> None:
    incident = incidents.report(
        severity=IncidentSeverity.P0, title=" Down ", detail="No mail.", phase=phase, by=ENGINEER, now=NOW
    )
    assert (incident.title, list(incidents.blocking())) == ("Down", [incident])
    agent = person(Role.ON_CALL)
    with refused(Code.UNEXPLAINED):
        incidents.close(incident, resolution="", user=agent, now=NOW)
    with refused(Code.NO_RIGHT):
        incidents.close(incident, resolution="Up.", user=person("viewer"), now=NOW)
    closed = incidents.close(incident, resolution="Up.", user=agent, now=NOW + timedelta(hours=1))
    assert (closed.closed_by, list(incidents.blocking())) == (agent, [])
    assert last() == ("incident.closed", {"incident": incident.pk, "severity": "P0", "resolution": "Up."})
    with refused(Code.UNKNOWN):
        incidents.close(incident, resolution="Up again.", user=agent, now=NOW)


@pytest.mark.parametrize("title", ["", "  ", "x" * 201])
def test_an_incident_says_what_happened(title: str) -> None:
    with refused(Code.UNEXPLAINED):
        incidents.report(severity=IncidentSeverity.P2, title=title, phase=None, by=ENGINEER, now=NOW)


# Known issues, notes, checklists -----------------------------------------------------------------------


def test_a_known_issue_has_an_owner_and_an_end(phase: Phase) -> None:
    keeper = person(Role.QA_LEAD)
    given: dict[str, Any] = {"severity": IncidentSeverity.P2, "phase": phase, "user": keeper, "now": NOW}
    with refused(Code.UNEXPLAINED):
        known_issues.note(title="Slow", owner=" ", **given)
    with refused(Code.NO_RIGHT):
        known_issues.note(title="Slow", owner="Ada", **given | {"user": person("viewer")})
    issue = known_issues.note(title="Slow", owner="Ada", **given)
    known_issues.resolve(issue, resolution="Fast.", user=keeper, now=NOW)
    assert last() == ("incident.known_closed", {"issue": issue.pk, "resolution": "Fast."})
    with refused(Code.UNKNOWN):
        known_issues.resolve(issue, resolution="Faster.", user=keeper, now=NOW)


def test_a_retrospective_is_written_after_the_phase_too(phase: Phase) -> None:
    reach(PhaseKey.PRODUCTION_50)
    note: dict[str, Any] = {"phase": phase, "kind": Remark.Kind.RETROSPECTIVE, "now": NOW}
    written = remarks.write(text=" It went well. ", user=person(Role.QA_LEAD), **note)
    assert written.text == "It went well."
    for text in ("", "x" * 10_001):
        with refused(Code.UNEXPLAINED):
            remarks.write(text=text, user=person(Role.QA_LEAD), **note)
    with refused(Code.NO_RIGHT):
        remarks.write(text="No.", user=person("viewer"), **note)


def test_the_latest_tick_of_an_item_counts(phase: Phase) -> None:
    clerk = person(Role.ON_CALL)
    key = checklists.items_of(KEY)[0].key
    given: dict[str, Any] = {"phase": phase, "item": key, "user": clerk, "now": NOW}
    everything = len(checklists.open_items(phase))
    checklists.tick(note="in the channel", **given)
    assert len(checklists.open_items(phase)) == everything - 1
    checklists.tick(done=False, **given)
    assert len(checklists.open_items(phase)) == everything
    assert last() == ("phase.item_unticked", {"item": key, "note": ""})


def test_a_checklist_takes_its_own_items_while_the_phase_lasts_from_who_may(phase: Phase) -> None:
    given: dict[str, Any] = {"phase": phase, "item": "team_told", "user": person(Role.ON_CALL), "now": NOW}
    with refused(Code.UNKNOWN):
        checklists.tick(**given | {"item": "dance"})
    with refused(Code.NO_RIGHT):
        checklists.tick(**given | {"user": person("viewer")})
    with refused(Code.UNEXPLAINED):
        checklists.tick(note="x" * 501, **given)
    reach(PhaseKey.PRODUCTION_50)
    with refused(Code.PHASE_LEFT):
        checklists.tick(**given)


@pytest.mark.parametrize("key", PhaseKey)
def test_every_phase_has_a_checklist_without_repeats(key: PhaseKey) -> None:
    keys = [item.key for item in checklists.items_of(key)]
    assert keys
    assert len(keys) == len(set(keys))


def test_in_production_the_window_is_staffed_and_rolling_back_is_at_hand() -> None:
    for key in (
        key for key in PhaseKey if PHASES[key].environment == "production" and PHASES[key].hours < 100
    ):
        assert {checklists.STAFFED, checklists.ROLLBACK, checklists.ON_CALL, checklists.TEAM} <= set(
            checklists.items_of(key)
        )
    assert ledger.verify() is None
