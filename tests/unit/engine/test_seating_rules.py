"""Each seating rule by name, at its edges."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from assignments.engine.decide import decide
from assignments.engine.facts import Policy, Request
from assignments.engine.floor_plan import FloorPlan
from assignments.engine.periods import Period
from assignments.engine.reasons import SENTENCES, Reason
from assignments.engine.refusals import FactsError, FloorPlanError
from assignments.engine.rejections import Why, why_not
from assignments.engine.seating import SeatingIndex, seating_index
from tests.unit.engine.builders import DAY_BEFORE, asks, at, blocked, house, named, period, row, seated, table


def tables_of(plan: FloorPlan, size: int, **policy: int) -> set[tuple[object, ...]]:
    """The sets that a party of this size may have in an empty house."""
    rules = Policy(**policy)  # type: ignore[arg-type]
    return {item.tables for item in SeatingIndex(plan, rules.max_tables).for_party(size, rules.max_slack)}


def test_a_table_takes_parties_between_its_limits_only() -> None:
    plan = FloorPlan(tables=[table("T1", 6, min_party=3, max_party=5)])
    assert [size for size in range(1, 8) if tables_of(plan, size)] == [3, 4, 5]


def test_slack_up_to_the_limit_is_legal_and_one_more_is_not() -> None:
    plan = FloorPlan(tables=[table("T1", 8)])
    assert tables_of(plan, 4, max_slack=4)
    assert not tables_of(plan, 3, max_slack=4)


def test_joined_tables_must_hang_together_within_the_set() -> None:
    assert tables_of(row(2, 2, 2), 6) == {("T1", "T2", "T3")}
    assert not tables_of(row(2, 2, 2), 4) & {("T1", "T3")}


def test_a_removed_middle_table_breaks_a_chain() -> None:
    whole = row(2, 2, 2)
    broken = FloorPlan(tables=[item for item in whole.tables if item.id != "T2"])
    assert tables_of(whole, 6)
    assert not tables_of(broken, 6)


def test_a_party_that_fits_a_member_alone_gets_no_joined_set() -> None:
    assert tables_of(row(2, 4), 4) == {("T2",)}
    assert tables_of(row(2, 4), 5) == {("T1", "T2")}


def test_fitting_alone_means_the_members_own_limits_not_its_capacity() -> None:
    plan = FloorPlan(
        tables=[table("T1", 4, min_party=3), table("T2", 2, max_party=1)], adjacencies=[("T1", "T2")]
    )
    assert tables_of(plan, 2) == {("T1", "T2")}


def test_the_members_own_limits_do_not_bind_a_joined_set() -> None:
    plan = FloorPlan(
        tables=[table("T1", 4, max_party=3), table("T2", 4, max_party=3)], adjacencies=[("T1", "T2")]
    )
    assert tables_of(plan, 8) == {("T1", "T2")}


def test_fixed_tables_and_tables_of_two_zones_are_never_joined() -> None:
    fixed = FloorPlan(tables=[table("T1"), table("T2", movable=False)], adjacencies=[("T1", "T2")])
    zones = FloorPlan(tables=[table("T1"), table("T2", zone="terrace")], adjacencies=[("T1", "T2")])
    assert not tables_of(fixed, 4)
    assert not tables_of(zones, 4)


def test_a_named_combination_has_its_own_capacity_instead_of_the_sum() -> None:
    plan = FloorPlan(
        tables=[table("T1"), table("T2")], adjacencies=[("T1", "T2")], combinations=[named(3, "T1", "T2")]
    )
    assert tables_of(plan, 3) == {("T1", "T2")}
    assert not tables_of(plan, 4)


def test_no_more_tables_are_joined_than_the_house_allows() -> None:
    assert tables_of(row(2, 2, 2), 6, max_tables=3)
    assert not tables_of(row(2, 2, 2), 6, max_tables=2)
    assert not tables_of(row(2, 2), 4, max_tables=1)


def test_every_table_of_a_set_has_every_attribute_that_was_asked_for() -> None:
    tables = [table("T1", attributes=frozenset({"window"})), table("T2")]
    facts = house(FloorPlan(tables=tables, adjacencies=[("T1", "T2")]))
    assert decide(facts, asks(2, requires=frozenset({"window"}))).plans[0].tables == ("T1",)
    assert decide(facts, asks(4, requires=frozenset({"window"}))).reason == Reason.ATTRIBUTE_UNMET


def test_a_zone_that_was_asked_for_is_a_rule() -> None:
    facts = house(FloorPlan(tables=[table("T1"), table("T2", zone="terrace")]))
    assert [plan.tables for plan in decide(facts, asks(zone="terrace")).plans] == [("T2",)]
    assert decide(facts, asks(zone="roof")).reason == Reason.ATTRIBUTE_UNMET


def test_end_plus_buffer_equal_to_the_next_start_is_legal_and_a_minute_less_is_not() -> None:
    facts = house(row(2), seated("b1", "T1", minutes=90, locked=True))
    assert decide(facts, asks(start=95)).plan
    assert decide(facts, asks(start=94)).plan is None


def test_the_buffer_counts_once_after_a_booking_and_not_before_it() -> None:
    facts = house(row(2), seated("b1", "T1", start=95, locked=True))
    assert decide(facts, asks(start=0, minutes=90)).plan
    assert decide(facts, asks(start=0, minutes=91)).plan is None


def test_a_block_conflicts_with_the_buffer_too_and_periods_are_half_open() -> None:
    facts = house(row(2), blocks=(blocked("T1", start=95),))
    assert decide(facts, asks(minutes=90)).plan
    assert decide(facts, asks(minutes=91)).reason == Reason.BLOCKED
    assert decide(facts, asks(start=185)).plan


def test_a_set_of_tables_and_its_members_exclude_each_other() -> None:
    joined = house(row(2, 2), seated("b1", "T1", "T2", size=4, locked=True))
    member = house(row(2, 2), seated("b1", "T2", locked=True))
    assert decide(joined, asks(2)).plan is None
    assert decide(member, asks(4)).plan is None


def test_a_checked_in_party_past_its_end_keeps_its_table_for_15_minutes_from_now() -> None:
    late = seated("b1", "T1", start=0, minutes=60, checked_in=True)
    facts = house(row(2), late, now=at(120))
    assert decide(facts, asks(start=134)).plan is None
    assert decide(facts, asks(start=135)).plan


def test_a_checked_in_party_before_its_end_keeps_its_table_to_its_end_only() -> None:
    facts = house(row(2), seated("b1", "T1", minutes=60, checked_in=True), now=at(50))
    assert decide(facts, asks(start=65)).plan


def test_a_party_that_overstays_into_the_next_booking_does_not_make_others_look_impossible() -> None:
    late = seated("late", "T1", start=0, minutes=60, checked_in=True)
    following = seated("next", "T1", start=70, minutes=60)
    blocking = seated("other", "T2", size=2, start=70, minutes=60)
    plan = FloorPlan(tables=[table("T1", 2), table("T2", 4), table("T3", 2)])
    facts = house(plan, late, following, blocking, now=at(62), policy=Policy(freeze=timedelta(0)))
    decision = decide(facts, asks(4, start=70, minutes=60))
    assert decision.plan
    assert decision.plan.tables == ("T2",)
    assert [move.booking for move in decision.plan.moves] == ["other"]


def test_a_booking_being_replanned_does_not_stand_in_its_own_way() -> None:
    facts = house(row(2), seated("b1", "T1", locked=True))
    assert decide(facts, asks(booking="b1")).plan


def test_seatings_and_blocks_on_tables_that_left_the_plan_hold_nothing_else() -> None:
    facts = house(row(2), seated("b1", "gone"), blocks=(blocked("gone-too"),))
    assert decide(facts, asks()).plan


def test_a_seating_partly_on_a_withdrawn_table_still_holds_the_others_and_is_not_moved() -> None:
    facts = house(row(2, 2), seated("b1", "T1", "gone", size=4))
    assert decide(facts, asks(2)).plans[0].tables == ("T2",)
    assert decide(facts, asks(4)).plan is None


@pytest.mark.parametrize(("minutes_left", "moves"), [(120, 1), (119, None)])
def test_exactly_the_freeze_left_is_still_movable(minutes_left: int, moves: int | None) -> None:
    plan = FloorPlan(tables=[table("T1", 2), table("T2", 4, min_party=1)])
    facts = house(plan, seated("b1", "T2"), now=at(-minutes_left))
    decision = decide(facts, asks(4))
    assert (len(decision.plan.moves) if decision.plan else None) == moves


@pytest.mark.parametrize("state", ["locked", "checked_in"])
def test_locked_and_checked_in_bookings_never_move(state: str) -> None:
    plan = FloorPlan(tables=[table("T1", 2), table("T2", 4)])
    facts = house(plan, seated("b1", "T2", **{state: True}))
    decision = decide(facts, asks(4))
    assert decision.reason == Reason.NO_CAPACITY_AT_TIME
    assert decision.proven


def test_all_tables_are_considered_not_the_first_eighteen() -> None:
    plan = FloorPlan(tables=[*(table(f"T{place:02}", 2) for place in range(40)), table("Z", 6)])
    assert decide(house(plan), asks(6)).plans[0].tables == ("Z",)


def test_durations_are_elapsed_minutes_on_the_night_the_clocks_go_back() -> None:
    london = ZoneInfo("Europe/London")
    # 01:30 twice: the party sits from the first to the second, one hour.
    start = datetime(2026, 10, 25, 1, 30, tzinfo=london, fold=0)
    end = datetime(2026, 10, 25, 1, 30, tzinfo=london, fold=1)
    first = Period(start=start, end=end)
    assert first.end - first.start == timedelta(hours=1)
    holding = seated("b1", "T1", locked=True)
    facts = house(
        row(2), type(holding)(booking="b1", party_size=2, tables=("T1",), period=first, locked=True)
    )
    during = Period(start=end - timedelta(minutes=1), end=end + timedelta(hours=1))
    assert decide(facts, Request(booking="new", party_size=2, period=during)).plan is None
    after = Period(start=first.end + timedelta(minutes=5), end=first.end + timedelta(hours=1))
    assert decide(facts, Request(booking="new", party_size=2, period=after)).plan


def test_a_booking_that_skips_the_missing_hour_in_spring_keeps_its_length() -> None:
    london = ZoneInfo("Europe/London")
    start = datetime(2026, 3, 29, 0, 30, tzinfo=london)
    end = datetime(2026, 3, 29, 2, 30, tzinfo=london)
    assert Period(start=start, end=end).end - Period(start=start, end=end).start == timedelta(hours=1)


def test_a_booking_past_midnight_holds_its_table_into_the_next_day() -> None:
    facts = house(row(2), seated("b1", "T1", start=240, minutes=120, locked=True))
    assert decide(facts, asks(start=320)).plan is None
    assert decide(facts, asks(start=365)).plan


def test_naive_instants_and_periods_that_do_not_last_are_refused() -> None:
    with pytest.raises(FactsError, match="time zone"):
        Period(start=datetime(2026, 11, 21, 19), end=at(60))  # noqa: DTZ001 - the point
    with pytest.raises(FactsError, match="not after"):
        Period(start=at(0), end=at(0))


def test_a_party_of_nobody_is_refused() -> None:
    with pytest.raises(FactsError, match="not positive"):
        asks(0)


@pytest.mark.parametrize(
    ("size", "reason"),
    [(7, Reason.PARTY_TOO_LARGE), (5, Reason.NO_ASSIGNMENT)],
    ids=["larger than all", "between the limits"],
)
def test_a_party_that_the_floor_plan_rules_out_is_refused_with_proof(size: int, reason: Reason) -> None:
    plan = FloorPlan(tables=[table("T1", 4), table("T2", 6, min_party=6)])
    decision = decide(house(plan), asks(size))
    assert decision.reason == reason
    assert decision.proven
    assert decision.rung == "rules"


def test_every_reason_has_one_plain_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in SENTENCES.values())


@pytest.mark.parametrize(
    ("tables", "size", "why"),
    [
        (("T9",), 2, Why.UNKNOWN_TABLE),
        ((), 2, Why.UNKNOWN_TABLE),
        (("T1", "T2", "T3", "T4"), 8, Why.TOO_MANY_TABLES),
        (("T1", "F"), 4, Why.FIXED_TABLE),
        (("T1", "Z"), 4, Why.ZONES_DIFFER),
        (("T1", "T3"), 4, Why.NOT_CONNECTED),
        (("T1", "T2"), 2, Why.FITS_ALONE),
        (("T1", "T2"), 5, Why.TOO_SMALL),
        (("T1",), 3, Why.TOO_SMALL),
        (("T4",), 1, Why.BELOW_MIN_PARTY),
        (("T5",), 4, Why.ABOVE_MAX_PARTY),
        (("T6",), 3, Why.SLACK_TOO_LARGE),
        (("T2",), 2, Why.OCCUPIED),
        (("T7",), 2, Why.BLOCKED),
        (("T1",), 2, None),
    ],
)
def test_for_any_set_of_tables_the_engine_says_why_not(
    tables: tuple[str, ...], size: int, why: Why | None
) -> None:
    plan = FloorPlan(
        tables=[
            *(table(f"T{place}") for place in (1, 2, 3, 7)),
            table("T4", 2, min_party=2),
            table("T5", 4, max_party=3),
            table("T6", 8),
            table("F", movable=False),
            table("Z", zone="terrace"),
        ],
        adjacencies=[("T1", "T2"), ("T2", "T3"), ("T3", "T4"), ("T1", "F"), ("T1", "Z")],
    )
    facts = house(plan, seated("b1", "T2", start=30), blocks=(blocked("T7"),))
    rejection = why_not(facts, asks(size), tables)
    assert (rejection.why if rejection else None) == why
    if rejection and why == Why.OCCUPIED:
        assert rejection.bookings == ("b1",)
        assert rejection.until == at(125)


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        (lambda: FloorPlan(tables=[]), ("tables",)),
        (lambda: FloorPlan(tables=[table("T1"), table("T1")]), ("tables", 1, "id")),
        (lambda: FloorPlan(tables=[table("T1"), table(2)]), ("tables",)),
        (lambda: FloorPlan(tables=[table("T1", 0)]), ("tables", 0, "capacity")),
        (lambda: FloorPlan(tables=[table("T1", 2, min_party=0)]), ("tables", 0, "min_party")),
        (lambda: FloorPlan(tables=[table("T1", 2, min_party=3)]), ("tables", 0, "min_party")),
        (lambda: FloorPlan(tables=[table("T1", 2, max_party=3)]), ("tables", 0, "max_party")),
        (lambda: FloorPlan(tables=[table("T1")], adjacencies=[("T1", "T1")]), ("adjacencies", 0)),
        (lambda: FloorPlan(tables=[table("T1")], adjacencies=[("T1", "T9")]), ("adjacencies", 0, 1)),
        (lambda: _combined(named(4, "T1", "T9")), ("combinations", 0, "tables")),
        (lambda: _combined(named(4, "T1")), ("combinations", 0, "tables")),
        (lambda: _combined(named(4, "T1", "T3")), ("combinations", 0, "tables")),
        (lambda: _combined(named(4, "T3", "F")), ("combinations", 0, "tables")),
        (lambda: _combined(named(4, "T1", "Z")), ("combinations", 0, "tables")),
        (lambda: _combined(named(0, "T1", "T2")), ("combinations", 0, "capacity")),
        (lambda: _combined(named(4, "T1", "T2"), named(5, "T2", "T1")), ("combinations", 1, "tables")),
    ],
)
def test_a_floor_plan_that_contradicts_itself_is_refused_with_the_path(broken: object, path: object) -> None:
    with pytest.raises(FloorPlanError) as caught:
        broken()  # type: ignore[operator]
    assert caught.value.path == path


def _combined(*combinations: object) -> FloorPlan:
    tables = [table("T1"), table("T2"), table("T3"), table("F", movable=False), table("Z", zone="terrace")]
    pairs = [("T1", "T2"), ("T2", "T3"), ("T3", "F"), ("T1", "Z")]
    return FloorPlan(tables=tables, adjacencies=pairs, combinations=combinations)  # type: ignore[arg-type]


def test_candidate_sets_are_computed_once_for_equal_floor_plans() -> None:
    assert seating_index(row(2, 4, 2), 3) is seating_index(row(2, 4, 2), 3)
    assert seating_index(row(2, 4, 2), 3) is not seating_index(row(2, 4, 4), 3)


def test_a_floor_plan_with_too_many_ways_to_join_is_refused_with_the_way_out() -> None:
    ids = [f"T{place:02}" for place in range(40)]
    plan = FloorPlan(
        tables=[table(name) for name in ids], adjacencies=[(a, b) for a in ids for b in ids if a < b]
    )
    with pytest.raises(FloorPlanError, match="lower max_tables"):
        seating_index(plan, 6)


def test_past_the_freeze_means_the_clock_of_the_decision() -> None:
    plan = FloorPlan(tables=[table("T1", 2), table("T2", 4)])
    early = house(plan, seated("b1", "T2"), now=DAY_BEFORE)
    late = house(plan, seated("b1", "T2"), now=at(-10))
    assert decide(early, asks(4)).plan
    assert decide(late, asks(4)).reason == Reason.NO_CAPACITY_AT_TIME


def test_a_period_can_be_moved_without_changing_its_length() -> None:
    moved = period(0, 90).shifted(timedelta(minutes=30))
    assert (moved.start, moved.end) == (at(30), at(120))
    assert moved.start.tzinfo == UTC
