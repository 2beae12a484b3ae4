"""Decisions and rollbacks at the same moment, from sessions of their own: never half of each."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from assignments.engine.flags import Mode
from assignments.engine.phases import PhaseKey, Role
from assignments.flags import services
from assignments.models import LedgerEntry, LeftHow, Phase, Signature, SignOff, SignOffEnd, Snapshot
from assignments.rollout import decisions, incidents, ledger, phases, rollback, signoffs
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.gates import looking
from tests.factories import NOW, RestaurantFactory
from tests.integration.assignments.rollout import happenings
from tests.integration.assignments.rollout.people import (
    ENGINEER,
    person,
    propose,
    reach,
    sign,
    signed_but_undecided,
)
from tests.integration.assignments.rollout.test_phases import modes
from tests.processes import until_it_waits_for_a_lock

pytestmark = pytest.mark.usefixtures("committed_db")

ROUNDS = 6


@pytest.fixture(autouse=True)
def _restaurants(committed_db: None) -> None:
    for _ in range(10):
        RestaurantFactory()


def in_a_session(work: Callable[[], Any]) -> Any:
    """The result of `work` on a connection of this thread's own, or the refusal it met."""
    try:
        return work()
    except RolloutError as refusal:
        return refusal
    finally:
        connections.close_all()


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """All at the same moment, each in a thread and session of its own."""
    start = threading.Barrier(len(works))

    def go(work: Callable[[], Any]) -> Any:
        with connection.cursor() as cursor:  # connects before the start
            cursor.execute("SELECT 1")
        start.wait()
        return in_a_session(work)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(go, works))


def test_a_rollback_wins_against_going_on_whichever_comes_first() -> None:
    reach(PhaseKey.PRODUCTION_SHADOW)
    orders = set()
    for _ in range(ROUNDS):
        phase = phases.enter(PhaseKey.PRODUCTION_10, by=ENGINEER, now=NOW - timedelta(days=2))
        sign_off = signed_but_undecided(phase)
        decided, rolled = at_once(
            lambda: signoffs.decide(sign_off, now=NOW),  # noqa: B023 - done within the round
            lambda: rollback.roll_back(phase=phase, reason="errors", by=ENGINEER, now=NOW),  # noqa: B023
        )
        assert isinstance(rolled, rollback.RolledBack), rolled
        orders.add(went_the_one_way_or_the_other(phase, sign_off, decided, rolled))
        assert set(modes().values()) == {Mode.SHADOW}, "V3 is off in the end"
        under_way = phases.current()
        assert under_way is not None
        assert under_way.key == PhaseKey.PRODUCTION_SHADOW
        close_incidents()
    assert orders <= {"rolled back first", "went on first"}
    assert ledger.verify() is None


def went_the_one_way_or_the_other(
    phase: Phase, sign_off: SignOff, decided: Any, rolled: rollback.RolledBack
) -> str:
    sign_off.refresh_from_db()
    phase.refresh_from_db()
    if sign_off.ended == SignOffEnd.DECIDED:
        assert (phase.left_how, rolled.left.key) == (LeftHow.PROCEEDED, PhaseKey.PRODUCTION_50)
        return "went on first"
    assert (sign_off.ended, phase.left_how) == (SignOffEnd.VOIDED, LeftHow.ROLLED_BACK)
    assert isinstance(decided, RolloutError)
    assert (decided.code, rolled.left) == (Code.SIGN_OFF_CLOSED, phase)
    return "rolled back first"


def close_incidents() -> None:
    for incident in incidents.blocking():
        incidents.close(incident, resolution="a test", user=person(Role.ON_CALL), now=NOW)


def test_a_decision_that_waits_behind_a_rollback_finds_itself_void() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    sign_off = signed_but_undecided(phase)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            rollback.roll_back(phase=phase, reason="errors", by=ENGINEER, now=NOW)
            deciding = pool.submit(in_a_session, lambda: signoffs.decide(sign_off, now=NOW))
            until_it_waits_for_a_lock(deciding)
        refusal = deciding.result(timeout=30)
    assert isinstance(refusal, RolloutError)
    assert refusal.code is Code.SIGN_OFF_CLOSED
    assert not Phase.objects.filter(key=PhaseKey.PRODUCTION_50).exists()


def test_a_rollback_that_waits_behind_a_decision_takes_it_back() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    sign_off = signed_but_undecided(phase)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert signoffs.decide(sign_off, now=NOW).ended == SignOffEnd.DECIDED
            rolling = pool.submit(
                in_a_session,
                lambda: rollback.roll_back(phase=phase, reason="errors", by=ENGINEER, now=NOW),
            )
            until_it_waits_for_a_lock(rolling)
        rolled = rolling.result(timeout=30)
    assert (rolled.left.key, rolled.phase.key) == (PhaseKey.PRODUCTION_50, PhaseKey.PRODUCTION_SHADOW)


def test_two_rollbacks_at_once_are_one() -> None:
    phase = reach(PhaseKey.PRODUCTION_50)
    results = at_once(
        *[lambda: rollback.roll_back(phase=phase, reason="errors", by=ENGINEER, now=NOW) for _ in range(3)]
    )
    done = [result for result in results if isinstance(result, rollback.RolledBack)]
    refusals = [result.code for result in results if isinstance(result, RolloutError)]
    assert (len(done), refusals) == (1, [Code.PHASE_LEFT, Code.PHASE_LEFT])
    under_way = phases.current()
    assert under_way is not None
    assert under_way.key == PhaseKey.PRODUCTION_10
    assert LedgerEntry.objects.filter(kind="phase.rolled_back").count() == 1


def test_the_last_signatures_at_once_decide_once() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    sign_off = propose(phase)
    users = {role: person(role) for role in (Role.ON_CALL, Role.PRODUCT_OWNER)}
    at_once(*[lambda r=role, u=user: sign(sign_off, r, user=u) for role, user in users.items()])
    sign_off.refresh_from_db()
    assert sign_off.ended == SignOffEnd.DECIDED
    assert Phase.objects.filter(key=PhaseKey.PRODUCTION_50).count() == 1
    assert LedgerEntry.objects.filter(kind="signoff.decided").count() == 1


def test_one_form_sent_ten_times_at_once_is_one_signature() -> None:
    sign_off = propose(reach(PhaseKey.PRODUCTION_10))
    user = person(Role.ON_CALL)
    results = at_once(*[lambda: sign(sign_off, Role.ON_CALL, user=user) for _ in range(10)])
    assert Signature.objects.count() == 1
    assert sum(isinstance(result, RolloutError) for result in results) == 9


def test_a_flag_that_is_changed_while_it_is_decided_comes_before_or_after_never_between() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    sign_off = signed_but_undecided(phase)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            services.set_max_parallel(limit=4, reason="a test", by=ENGINEER, now=NOW)
            deciding = pool.submit(in_a_session, lambda: signoffs.decide(sign_off, now=NOW))
            until_it_waits_for_a_lock(deciding)
        decided = deciding.result(timeout=30)
    assert decided.ended == SignOffEnd.VOIDED
    assert "The flags changed" in decided.ended_why


def test_a_rollback_is_reported_on_once_though_two_processes_look() -> None:
    rollback.roll_back(phase=reach(PhaseKey.PRODUCTION_10), reason="errors", by=ENGINEER, now=NOW)
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            ledger.hold()
            looks = [
                pool.submit(in_a_session, lambda: rollback.watch(now=NOW + rollback.WATCHED))
                for _ in range(2)
            ]
            until_it_waits_for_a_lock(*looks)
        assert sorted(len(look.result(timeout=30)) for look in looks) == [0, 1]
    assert LedgerEntry.objects.filter(kind="phase.watched").count() == 1


def test_upkeep_goes_on_where_a_sign_off_is_decided_just_before_it() -> None:
    sign_off = signed_but_undecided(reach(PhaseKey.PRODUCTION_10))

    def look(phase: Phase, now: datetime) -> Snapshot:
        """Meanwhile the page of the last signer decides."""
        signoffs.decide(sign_off, now=now)
        return sign_off.snapshot

    decisions.tend(now=NOW + timedelta(minutes=1), look=look)
    sign_off.refresh_from_db()
    assert sign_off.ended == SignOffEnd.DECIDED


def test_a_look_that_is_due_gives_way_to_a_rollback_to_legacy() -> None:
    phase = reach(PhaseKey.STAGING_FULL)
    for restaurant in range(1, 7):
        happenings.outcomes(restaurant, at=NOW, confirmed=20)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            rollback.roll_back(phase=phase, reason="errors", by=ENGINEER, now=NOW, to=rollback.LEGACY)
            taking = pool.submit(in_a_session, lambda: looking.take_if_due(now=NOW))
            until_it_waits_for_a_lock(taking)
        assert taking.result(timeout=30) is None
