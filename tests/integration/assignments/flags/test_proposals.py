"""Changes of flags by people: what they saw counts, and raising exposure in production takes two."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from assignments.engine.exposure import Exposure, exposure
from assignments.engine.flags import RESTAURANT_SALT, Flag
from assignments.flags import proposals, services, store
from assignments.flags.changes import Change
from assignments.flags.errors import BadValueError, PinnedError
from assignments.flags.foresight import foresee
from assignments.flags.proposals import ProposalError, StaleError
from assignments.flags.wanted import Action, Wanted, reversal, wanted_of
from assignments.models import Cohort, FlagChange, FlagDecision, FlagProposal, ProposalOutcome
from bookings.models import Restaurant
from config.roles import ENGINEERING_LEAD, ON_CALL, PRODUCT_OWNER
from observability.models import Event
from tests.factories import NOW, RestaurantFactory
from tests.integration.assignments.flags.changes import CAUSE

pytestmark = pytest.mark.django_db

HALF = Wanted(action=Action.COHORT, percentage=Decimal(50))
ALL = Wanted(action=Action.COHORT, percentage=Decimal(100))
NONE = Wanted(action=Action.COHORT, percentage=Decimal(0))


@pytest.fixture
def house() -> Restaurant:
    restaurant: Restaurant = RestaurantFactory()
    return restaurant


@pytest.fixture
def production(settings: Any) -> None:
    settings.ENVIRONMENT = "production"


def member(group: str, name: str) -> User:
    user = User.objects.create(username=name, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def ada() -> User:
    return member(ENGINEERING_LEAD, "ada")


@pytest.fixture
def ben() -> User:
    return member(ON_CALL, "ben")


def version() -> int:
    return store.read().version


def paths() -> dict[int, Exposure]:
    flags = store.read().flags
    return {pk: exposure(flags, pk, NOW) for pk in Restaurant.objects.values_list("pk", flat=True)}


def change(wanted: Wanted, user: User, seen: int | None = None) -> proposals.Done:
    return proposals.change(
        wanted=wanted,
        seen_version=version() if seen is None else seen,
        reason="a test",
        user=user,
        now=NOW,
    )


def proposed(wanted: Wanted, user: User) -> FlagProposal:
    done = change(wanted, user)
    assert done.proposal is not None
    return done.proposal


def outcome(proposal: FlagProposal) -> str:
    return FlagDecision.objects.get(proposal=proposal).outcome


def told(event_type: str) -> list[dict[str, Any]]:
    return list(Event.objects.filter(event_type=event_type).values_list("context", flat=True))


def test_elsewhere_one_person_is_enough(house: Restaurant, ada: User) -> None:
    done = change(ALL, ada)
    assert done.change == Change(version=1, changed=True)
    logged = FlagChange.objects.get()
    assert (logged.author, logged.actor, logged.reason) == ("ada", ada, "a test")
    assert LogEntry.objects.get().user == ada
    assert len(told("flag.changed")) == 1


def test_raising_exposure_in_production_waits_for_somebody_else(
    production: None, house: Restaurant, ada: User, ben: User
) -> None:
    proposal = proposed(ALL, ada)
    assert version() == 0
    assert told("flag.proposed") == [{"proposal": proposal.pk, "version": 0, "reason": "a test"}]
    made = proposals.approve(proposal_id=proposal.pk, user=ben, now=NOW)
    assert made is not None
    assert made.version == 1
    assert store.read().flags.v3.everyone
    assert FlagChange.objects.get().author == "ada"
    decision = FlagDecision.objects.get()
    assert (decision.outcome, decision.actor, decision.version) == ("approved", ben, 1)
    assert [context["outcome"] for context in told("flag.decided")] == ["approved"]
    assert {entry.user for entry in LogEntry.objects.all()} == {ada, ben}


@pytest.mark.parametrize(
    "wanted",
    [NONE, Wanted(action=Action.LIMIT, limit=1), Wanted(action=Action.SHADOW, on=False)],
    ids=["none", "limit", "shadow"],
)
def test_lowering_it_takes_one_person(wanted: Wanted, production: None, house: Restaurant, ada: User) -> None:
    services.set_cohort(percentage=100, **CAUSE)
    services.set_shadow(on=True, **CAUSE)
    done = change(wanted, ada)
    assert done.change is not None
    assert done.change.changed


def test_killing_takes_one_person_and_reviving_two(
    production: None, house: Restaurant, ada: User, ben: User
) -> None:
    services.set_cohort(percentage=100, **CAUSE)
    assert proposals.kill(reason="smoke", user=ada, now=NOW).changed
    assert store.read().killed
    proposal = proposed(Wanted(action=Action.REVIVE), ada)
    assert store.read().killed
    proposals.approve(proposal_id=proposal.pk, user=ben, now=NOW)
    assert not store.read().killed


@pytest.mark.parametrize("label", ["ten", "BAD LABEL"])
def test_what_could_not_be_carried_out_is_not_even_proposed(
    label: str, production: None, house: Restaurant, ada: User
) -> None:
    Cohort.objects.create(label="ten", percentage=10, salt=RESTAURANT_SALT, restaurants=[house.pk])
    half = Wanted(action=Action.COHORT, percentage=Decimal(50), label=label)
    with pytest.raises(BadValueError, match=label):
        change(half, ada)
    assert not FlagProposal.objects.exists()


def test_a_shell_is_one_person(production: None, house: Restaurant) -> None:
    for raising in (("set", "v3", "10"), ("override", str(house.pk), "on"), ("set", "max_parallel", "9")):
        with pytest.raises(CommandError, match="takes two people in production"):
            call_command("flags", *raising, "--reason", "a test")
    assert version() == 0
    services.set_cohort(percentage=100, **CAUSE)
    call_command("flags", "set", "v3", "10", "--reason", "a test")
    call_command("flags", "kill")
    with pytest.raises(CommandError, match="takes two people"):
        call_command("flags", "revive", "--reason", "a test")
    assert version() == 3


def test_nobody_approves_their_own_not_even_an_administrator(production: None, house: Restaurant) -> None:
    root = User.objects.create_superuser("root")
    root.groups.add(Group.objects.get(name=ENGINEERING_LEAD))
    proposal = proposed(ALL, root)
    with pytest.raises(ProposalError, match="somebody else"):
        proposals.approve(proposal_id=proposal.pk, user=root, now=NOW)
    with pytest.raises(IntegrityError, match="approved by who made it"), transaction.atomic():
        FlagDecision.objects.create(proposal=proposal, outcome="approved", actor=root, version=1)
    assert version() == 0


def test_being_an_administrator_gives_no_right_to_approve(
    production: None, house: Restaurant, ada: User
) -> None:
    proposal = proposed(ALL, ada)
    root = User.objects.create_superuser("root")
    with pytest.raises(ProposalError, match="being an administrator gives none"):
        proposals.approve(proposal_id=proposal.pk, user=root, now=NOW)
    assert version() == 0


def test_a_role_that_was_taken_away_counts_at_once(
    production: None, house: Restaurant, ada: User, ben: User
) -> None:
    proposal = proposed(ALL, ada)
    ben.groups.set([Group.objects.get(name=PRODUCT_OWNER)])
    with pytest.raises(ProposalError):
        proposals.approve(proposal_id=proposal.pk, user=ben, now=NOW)


def test_a_proposal_is_void_once_the_flags_change(
    production: None, house: Restaurant, ada: User, ben: User
) -> None:
    proposal = proposed(ALL, ada)
    services.kill(**CAUSE)
    decision = FlagDecision.objects.get(proposal=proposal)
    assert decision.outcome == ProposalOutcome.VOID
    assert "from version 0 to 1" in decision.reason
    with pytest.raises(ProposalError, match="void already"):
        proposals.approve(proposal_id=proposal.pk, user=ben, now=NOW)


def test_a_proposal_is_void_if_it_would_move_other_restaurants(
    production: None, house: Restaurant, ada: User, ben: User
) -> None:
    proposal = proposed(ALL, ada)
    RestaurantFactory()
    assert proposals.approve(proposal_id=proposal.pk, user=ben, now=NOW) is None
    assert outcome(proposal) == "void"
    assert version() == 0


def test_a_proposal_is_decided_once(production: None, house: Restaurant, ada: User, ben: User) -> None:
    proposal = proposed(ALL, ada)
    proposals.reject(proposal_id=proposal.pk, reason="not on a Friday", user=ben, now=NOW)
    with pytest.raises(ProposalError, match="rejected already"):
        proposals.approve(proposal_id=proposal.pk, user=ben, now=NOW)
    with pytest.raises(ProposalError, match="rejected already"):
        proposals.withdraw(proposal_id=proposal.pk, user=ada, now=NOW)
    assert version() == 0


def test_only_its_author_withdraws_it(production: None, house: Restaurant, ada: User, ben: User) -> None:
    proposal = proposed(ALL, ada)
    with pytest.raises(ProposalError, match="reject it instead"):
        proposals.withdraw(proposal_id=proposal.pk, user=ben, now=NOW)
    with pytest.raises(ProposalError, match="somebody else"):
        proposals.reject(proposal_id=proposal.pk, reason="no", user=ada, now=NOW)
    proposals.withdraw(proposal_id=proposal.pk, user=ada, now=NOW)
    assert outcome(proposal) == "withdrawn"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_needed(reason: str, production: None, house: Restaurant, ada: User) -> None:
    with pytest.raises(BadValueError):
        proposals.change(wanted=ALL, seen_version=0, reason=reason, user=ada, now=NOW)
    assert not FlagProposal.objects.exists()


def test_who_saw_an_older_version_is_told_what_changed(house: Restaurant, ada: User) -> None:
    change(HALF, ada)
    change(Wanted(action=Action.LIMIT, limit=4), ada)
    with pytest.raises(StaleError, match="at version 2; you decided on version 0") as refused:
        change(NONE, ada, seen=0)
    assert [row.flag for row in refused.value.changes] == ["v3", "max_parallel"]
    assert version() == 2


def test_each_change_can_be_rolled_back(house: Restaurant, ada: User) -> None:
    own = {"restaurant_id": house.pk, "flag": Flag.V3}
    for wanted in (
        ALL,
        Wanted(action=Action.SHADOW, on=True),
        Wanted(action=Action.LIMIT, limit=7),
        Wanted(action=Action.OVERRIDE, percentage=Decimal(40), **own),  # type: ignore[arg-type]
        Wanted(action=Action.OVERRIDE, percentage=Decimal(60), **own),  # type: ignore[arg-type]
        Wanted(action=Action.CLEAR, **own),  # type: ignore[arg-type]
        Wanted(action=Action.KILL),
        Wanted(action=Action.REVIVE),
    ):
        before = store.read().flags
        change(wanted, ada)
        assert store.read().flags != before
        done = proposals.roll_back(
            version=version(), seen_version=version(), reason="back", user=ada, now=NOW
        )
        assert done.change is not None
        assert store.read().flags == before
        change(wanted, ada)


def test_a_covered_change_is_not_rolled_back(house: Restaurant, ada: User) -> None:
    change(HALF, ada)
    change(ALL, ada)
    with pytest.raises(BadValueError, match="covered by version 2"):
        proposals.roll_back(version=1, seen_version=2, reason="back", user=ada, now=NOW)


def test_rolling_back_a_step_down_is_a_step_up(production: None, house: Restaurant, ada: User) -> None:
    services.set_cohort(percentage=100, **CAUSE)
    change(NONE, ada)
    done = proposals.roll_back(version=2, seen_version=2, reason="back", user=ada, now=NOW)
    assert done.proposal is not None
    assert version() == 2


def test_an_override_that_has_ended_is_not_brought_back(house: Restaurant) -> None:
    ended = FlagChange(
        flag="v3",
        restaurant=house,
        from_value={"percentage": "40.00", "expires_at": NOW.isoformat()},
    )
    assert reversal(ended, now=NOW).action is Action.CLEAR


def test_what_is_foreseen_is_what_happens(house: Restaurant, ada: User) -> None:
    others = [RestaurantFactory() for _ in range(9)]
    for wanted in (
        HALF,
        Wanted(action=Action.SHADOW, on=True),
        Wanted(
            action=Action.OVERRIDE, flag=Flag.SHADOW, restaurant_id=others[0].pk, percentage=Decimal("12.5")
        ),
        ALL,
    ):
        expected, before = foresee(wanted_of(wanted.as_json())), paths()
        change(wanted, ada)
        assert store.read().flags == expected.after
        after = paths()
        assert expected.moved == {pk: (before[pk], after[pk]) for pk in after if before[pk] != after[pk]}


def test_pinned_flags_are_not_even_previewed(settings: Any, house: Restaurant) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    with pytest.raises(PinnedError, match="FEATURE_ASSIGNMENT_PIPELINE_V3"):
        foresee(HALF)


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("flag_decisions_outcome_known", {"outcome": "perhaps"}),
        ("flag_decisions_approval_makes_a_version", {"outcome": "approved"}),
        ("flag_decisions_approval_makes_a_version", {"outcome": "rejected", "version": 1}),
        ("flag_decisions_by_somebody", {"outcome": "withdrawn", "actor": None}),
        ("flag_decisions_refusal_explained", {"outcome": "rejected", "reason": ""}),
    ],
)
def test_the_database_refuses_half_decisions(
    rule: str, bad: dict[str, Any], production: None, house: Restaurant, ada: User, ben: User
) -> None:
    proposal = proposed(ALL, ada)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        FlagDecision.objects.create(**{"proposal": proposal, "actor": ben, "reason": "no", **bad})
    with pytest.raises(IntegrityError, match="flag_proposals_explained"), transaction.atomic():
        FlagProposal.objects.create(base_version=0, wanted={}, effect={}, reason="", proposer=ada)


@pytest.mark.parametrize("table", ["assignment_flag_proposals", "assignment_flag_decisions"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_neither_proposals_nor_decisions_are_rewritten(
    table: str, sql: str, production: None, house: Restaurant, ada: User
) -> None:
    proposals.withdraw(proposal_id=proposed(ALL, ada).pk, user=ada, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with (
        pytest.raises(IntegrityError, match=f"{table} is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.format(table))
