"""`manage.py rollout`: status, start, rehearsal, emergency rollback and the check of the chain."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from assignments.engine.flags import Mode
from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PhaseKey, Role
from assignments.flags import acknowledgements
from assignments.management.commands import rollout as command
from assignments.models import Incident, LedgerEntry
from assignments.rollout import phases
from tests.factories import NOW
from tests.integration.assignments.rollout.people import propose, reach, sign
from tests.integration.assignments.rollout.test_phases import modes

pytestmark = pytest.mark.usefixtures("ten_restaurants")


def rollout(*arguments: str) -> str:
    out = StringIO()
    call_command("rollout", *arguments, stdout=out)
    return out.getvalue().strip()


def test_status_says_where_it_stands_and_what_holds_it_up() -> None:
    assert "No phase is under way." in rollout("status")
    sign_off = propose(reach(PhaseKey.PRODUCTION_10), confirmation_rate=Verdict.INCONCLUSIVE)
    sign(sign_off, Role.ON_CALL)
    text = rollout("status")
    assert "Phase 1: Production 10 % (REHEARSAL)" in text
    assert "Gate confirmation_rate: INCONCLUSIVE" in text
    assert "Open sign-off: proceed; still to sign: product owner" in text
    shown = json.loads(rollout("status", "--json"))
    assert (shown["phase"]["key"], shown["phase"]["next"]) == ("production_10", "Production 50 %")
    assert shown["chain_head"] == LedgerEntry.objects.latest("number").digest


def test_it_starts_at_the_first_phase_and_locally_goes_anywhere() -> None:
    assert "Local test was entered" in rollout("start", "--by", "me")
    assert "Production 50 % was entered" in rollout("enter", "production_50")
    phase = phases.current()
    assert phase is not None
    assert phase.author.startswith("shell:")
    with pytest.raises(CommandError, match="has started"):
        rollout("start")


def test_elsewhere_only_a_sign_off_goes_on(settings: Any) -> None:
    settings.ENVIRONMENT = "staging"
    assert "Staging shadow was entered" in rollout("start")
    with pytest.raises(CommandError, match="sign-off"):
        rollout("enter", "staging_full")


def test_an_emergency_rollback_takes_one_line() -> None:
    reach(PhaseKey.PRODUCTION_50)
    assert "Rolled back to production_10" in rollout("roll-back", "--reason", "errors")
    assert "Rolled back to legacy" in rollout("roll-back", "--reason", "still", "--to", "legacy", "--wait")
    assert set(modes().values()) == {Mode.DISABLED}
    assert Incident.objects.count() == 2
    with pytest.raises(CommandError, match="flags kill"):
        rollout("roll-back", "--reason", "once more")


def test_a_rollback_under_a_pin_says_that_the_kill_switch_is_on(settings: Any) -> None:
    reach(PhaseKey.PRODUCTION_50)
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    assert "the kill switch is on too" in rollout("roll-back", "--reason", "errors")


def test_a_rollback_names_the_worker_that_has_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PATIENCE", command.PATIENCE * 0)
    reach(PhaseKey.PRODUCTION_50)
    acknowledgements.register("worker-7")
    with pytest.raises(CommandError, match="worker-7"):
        rollout("roll-back", "--reason", "errors", "--wait")


def test_the_limit_is_not_raised_before_it_has_soaked() -> None:
    reach(PhaseKey.PRODUCTION_50, now=NOW)
    with pytest.raises(CommandError, match="not soaked"):
        rollout("raise-parallel")


def test_verifying_names_the_broken_record() -> None:
    reach(PhaseKey.PRODUCTION_10)
    assert "The chain holds" in rollout("verify")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE rollout_ledger SET author = 'nobody' WHERE number = 2")
        cursor.execute("SET session_replication_role = origin")
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("rollout", "verify", "--json", stdout=out)
    assert (end.value.code, json.loads(out.getvalue())["broken"]) == (1, 2)
