"""Phases: entering one sets the flags of its row in the documents, with a frozen, nested cohort."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from assignments.engine.flags import Mode
from assignments.engine.phases import PHASES, PhaseKey
from assignments.flags import acknowledgements, current, forget, services, store
from assignments.models import FlagChange, FlagState, ImportedEvidence, LedgerEntry, Phase
from assignments.rollout import ledger, phases, rollback
from assignments.rollout.errors import Code, RolloutError
from bookings.models import Restaurant
from tests.factories import NOW, RestaurantFactory
from tests.integration.assignments.rollout.people import ENGINEER, reach

pytestmark = pytest.mark.django_db

#: The flag matrices of the runbook and the configuration guide, row by row: V3, shadow, concurrent runs.
MATRIX = {
    PhaseKey.LOCAL_TEST: (True, False, 3),
    PhaseKey.STAGING_SHADOW: (False, True, 3),
    PhaseKey.STAGING_FULL: (True, False, 3),
    PhaseKey.PRODUCTION_SHADOW: (False, True, 3),
    PhaseKey.PRODUCTION_10: (True, False, 3),
    PhaseKey.PRODUCTION_50: (True, False, 3),
    PhaseKey.PRODUCTION_100: (True, False, 3),
}
ROLLED_BACK = (False, False, 3)

MODES = {(True, False): Mode.ACTIVE, (False, True): Mode.SHADOW, (False, False): Mode.DISABLED}


@contextmanager
def refused(code: Code, *words: str) -> Iterator[None]:
    before = FlagState.objects.values_list("version", flat=True).first(), Phase.objects.count()
    with pytest.raises(RolloutError) as refusal:
        yield
    assert refusal.value.code is code, refusal.value
    assert all(word in str(refusal.value) for word in words), refusal.value
    assert (FlagState.objects.values_list("version", flat=True).first(), Phase.objects.count()) == before


def modes() -> dict[int, Mode]:
    """The path of each restaurant, as a process that reads the flags now sees it."""
    snapshot = store.read()
    return {pk: snapshot.mode(pk, None) for pk in Restaurant.objects.values_list("pk", flat=True)}


def in_cohort() -> set[int]:
    return {pk for pk, mode in modes().items() if mode is Mode.ACTIVE}


# The documents' matrix ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("ten_restaurants")
@pytest.mark.parametrize("key", MATRIX)
def test_entering_a_phase_sets_the_documents_row(key: PhaseKey) -> None:
    v3, shadow, limit = MATRIX[key]
    phase = reach(key)
    snapshot = store.read()
    members = in_cohort() if v3 else set(modes())
    assert members
    assert {mode for pk, mode in modes().items() if pk in members} == {MODES[v3, shadow]}
    outside = {mode for pk, mode in modes().items() if pk not in members}
    assert outside <= {Mode.DISABLED}, "who is not in the cohort is on legacy alone"
    assert {snapshot.max_parallel(pk) for pk in modes()} == {limit}
    assert phase.flag_version == snapshot.version


@pytest.mark.usefixtures("ten_restaurants")
@pytest.mark.parametrize("key", MATRIX)
def test_the_documents_variables_pin_the_same_row(key: PhaseKey, settings: Any) -> None:
    """Without any phase, the environment variables of a row alone give the path of that row."""
    _pin(settings, *MATRIX[key])
    v3, shadow, limit = MATRIX[key]
    assert set(modes().values()) == {MODES[v3, shadow]}
    assert {store.read().max_parallel(pk) for pk in modes()} == {limit}


@pytest.mark.usefixtures("ten_restaurants")
@pytest.mark.parametrize("key", MATRIX)
def test_the_rollback_row_holds_from_every_phase_by_service_and_by_variable(
    key: PhaseKey, settings: Any
) -> None:
    phase = reach(key)
    _pin(settings, *ROLLED_BACK)
    assert set(modes().values()) == {Mode.DISABLED}, "by variable"
    _pin(settings, None, None, None)
    rollback.roll_back(phase=phase, reason="down", by=ENGINEER, now=NOW, to=rollback.LEGACY)
    assert set(modes().values()) == {Mode.DISABLED}, "by service"
    assert (FlagState.objects.get().max_parallel, phases.current()) == (3, None)


def _pin(settings: Any, v3: bool | None, shadow: bool | None, limit: int | None) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = v3
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW = shadow
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL = limit
    forget()


@pytest.mark.usefixtures("ten_restaurants")
@pytest.mark.parametrize(
    ("pin", "value"),
    [
        ("FEATURE_ASSIGNMENT_PIPELINE_V3", True),
        ("FEATURE_ASSIGNMENT_PIPELINE_V3", False),
        ("FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW", True),
        ("FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL", 5),
    ],
)
def test_no_phase_is_entered_while_a_variable_pins_a_flag(pin: str, value: Any, settings: Any) -> None:
    setattr(settings, pin, value)
    with refused(Code.PINNED, pin):
        phases.enter_first(by=ENGINEER, now=NOW)


@pytest.mark.usefixtures("ten_restaurants")
def test_a_pinned_limit_that_is_the_phases_own_is_in_nobodys_way(settings: Any) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL = 3
    assert phases.enter_first(by=ENGINEER, now=NOW).number == 1


@pytest.mark.usefixtures("ten_restaurants")
def test_a_pin_in_the_environment_of_a_live_worker_counts_too(settings: Any) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    acknowledgements.register("worker-1")
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    with refused(Code.PINNED, "worker-1"):
        phases.enter_first(by=ENGINEER, now=NOW)


@pytest.mark.usefixtures("ten_restaurants")
def test_no_phase_is_entered_while_the_kill_switch_is_on() -> None:
    services.kill(reason="a test", by=ENGINEER, now=NOW)
    with refused(Code.KILLED):
        phases.enter_first(by=ENGINEER, now=NOW)


# Cohorts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restaurants", [1, 10, 20, 40])
def test_cohorts_are_nested_and_at_least_one_restaurant_is_in(restaurants: int) -> None:
    for _ in range(restaurants):
        RestaurantFactory()
    seen = []
    for key in (PhaseKey.PRODUCTION_10, PhaseKey.PRODUCTION_50, PhaseKey.PRODUCTION_100):
        phase = reach(key)
        seen.append(in_cohort())
        assert phase.restaurants == len(seen[-1])
    tenth, half, everyone = seen
    assert 1 <= len(tenth) <= len(half) <= len(everyone) == restaurants
    assert tenth <= half <= everyone


@pytest.mark.usefixtures("ten_restaurants")
def test_a_phase_that_is_entered_again_has_the_same_restaurants() -> None:
    first = reach(PhaseKey.PRODUCTION_50)
    members = in_cohort()
    rollback.roll_back(phase=first, reason="slow", by=ENGINEER, now=NOW)
    smaller = in_cohort()
    assert smaller < members
    for _ in range(10):
        RestaurantFactory()
    again = phases.enter(PhaseKey.PRODUCTION_50, by=ENGINEER, now=NOW)
    assert (in_cohort(), again.cohort) == (members, first.cohort)


@pytest.mark.usefixtures("ten_restaurants")
def test_entering_is_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the record, which is written last, cannot be written, no flag has changed and no phase was left."""
    phase = reach(PhaseKey.PRODUCTION_SHADOW)

    def fail(kind: str, *_: Any, **__: Any) -> None:
        if kind == "phase.entered":
            raise OSError("the disk is full")

    monkeypatch.setattr(ledger, "append", fail)
    with pytest.raises(OSError, match="disk"):
        phases.enter(PhaseKey.PRODUCTION_10, by=ENGINEER, now=NOW)
    assert (phases.current(), store.read().version) == (phase, phase.flag_version)


def test_ten_per_cent_of_no_restaurant_is_refused_with_the_way_out() -> None:
    with refused(Code.FLAGS, "add restaurants"):
        phases.enter_first(PhaseKey.PRODUCTION_10, by=ENGINEER, now=NOW)


def test_the_limit_starts_at_three_in_each_phase() -> None:
    RestaurantFactory()
    reach(PhaseKey.PRODUCTION_10)
    services.set_max_parallel(limit=7, reason="a test", by=ENGINEER, now=NOW)
    reach(PhaseKey.PRODUCTION_50)
    assert FlagState.objects.get().max_parallel == 3


# Order -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ten_restaurants")
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_no_phase_is_skipped(environment: str, settings: Any) -> None:
    settings.ENVIRONMENT = environment
    bring_evidence()
    own = [key for key in PhaseKey if PHASES[key].environment == environment]
    for key in set(PhaseKey) - {own[0]}:
        with refused(Code.SKIPPED):
            phases.enter_first(key, by=ENGINEER, now=NOW)
    phases.enter_first(by=ENGINEER, now=NOW)
    for step in own[1:]:
        for key in set(PhaseKey) - {step}:
            with refused(Code.SKIPPED):
                phases.enter(key, by=ENGINEER, now=NOW)
        phases.enter(step, by=ENGINEER, now=NOW)
    assert [phase.key for phase in Phase.objects.all()] == own
    for key in PhaseKey:
        with refused(Code.SKIPPED):
            phases.enter(key, by=ENGINEER, now=NOW)


@pytest.mark.usefixtures("ten_restaurants")
def test_a_phase_is_not_started_beside_another_nor_left_before_one() -> None:
    with refused(Code.NO_PHASE):
        phases.enter(PhaseKey.STAGING_FULL, by=ENGINEER, now=NOW)
    phases.enter_first(by=ENGINEER, now=NOW)
    with refused(Code.PHASE_OPEN):
        phases.enter_first(by=ENGINEER, now=NOW)


@pytest.mark.usefixtures("ten_restaurants")
def test_production_starts_on_stagings_evidence(settings: Any) -> None:
    settings.ENVIRONMENT = "production"
    with refused(Code.NO_EVIDENCE, "Staging full"):
        phases.enter_first(by=ENGINEER, now=NOW)
    bring_evidence(phase=PhaseKey.STAGING_SHADOW)
    bring_evidence(environment="local")
    with refused(Code.NO_EVIDENCE):
        phases.enter_first(by=ENGINEER, now=NOW)
    bring_evidence()
    assert phases.enter_first(by=ENGINEER, now=NOW).key == PhaseKey.PRODUCTION_SHADOW


def bring_evidence(*, environment: str = "staging", phase: PhaseKey = PhaseKey.STAGING_FULL) -> None:
    ImportedEvidence.objects.create(
        environment=environment,
        phase=phase,
        chain_head="a" * 64,
        file_digest=f"{environment}-{phase}",
        summary={},
        imported_at=NOW,
    )


@pytest.mark.usefixtures("ten_restaurants")
def test_the_local_environment_rehearses_every_phase() -> None:
    for key in PhaseKey:
        phase = reach(key)
        assert phases.is_rehearsal(phase) == (key is not PhaseKey.LOCAL_TEST)
        assert phase.environment == "local"


@pytest.mark.usefixtures("ten_restaurants")
def test_changes_of_flags_say_which_phase_made_them_and_entering_is_on_record() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    assert {change.reason for change in FlagChange.objects.all()} == {"Production 10 % was entered."}
    entered = LedgerEntry.objects.get(kind="phase.entered")
    assert (entered.phase, entered.body["flag_version"]) == (phase, phase.flag_version)
    assert entered.body["restaurants"] == len(in_cohort()) == phase.restaurants


@pytest.mark.usefixtures("ten_restaurants")
def test_entering_takes_effect_in_this_process_at_once(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        phase = reach(PhaseKey.PRODUCTION_100)
    assert current().version == phase.flag_version
    assert phase.entered_at == NOW - timedelta(days=8)
