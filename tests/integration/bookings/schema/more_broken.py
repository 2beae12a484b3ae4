"""More ways to break one, repeated unique columns, and rows of another restaurant."""

from datetime import time
from uuid import UUID, uuid4

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from assignments.models import (
    Cohort,
    FlagAcknowledgement,
)
from bookings.models import (
    Adjacency,
    CombinationTable,
    PacingLimit,
    TableBlock,
)
from observability.alerts.policy import STUCK
from tests.factories import (
    NOW,
    RestaurantFactory,
    TableFactory,
    dinner,
)
from tests.integration.bookings.schema.scene import (
    Case,
    allocation_with,
    alter_alert,
    attempt_with,
    booking_with,
    change_with,
    comparison_with,
    decision_with,
    evidence_with,
    flag_change_with,
    left_phase_with,
    move_with,
    notice_with,
    now_fit_with,
    record_with,
    resolve_twice,
    service_with,
    slot_with,
    standing_with,
    take_slot,
    token_with,
    turn_with,
    webhook_with,
    wish_with,
)
from tests.integration.observability.rows import alert_fired

ALSO_BROKEN: list[tuple[str, Case]] = [
    ("restaurants_named", lambda s: RestaurantFactory(slug="")),
    ("restaurants_named", lambda s: RestaurantFactory(timezone="")),
    (
        "adjacencies_low_before_high",
        lambda s: Adjacency.objects.create(
            restaurant=s.restaurant, table_low=s.second_table, table_high=s.table
        ),
    ),
    (
        "blocks_start_before_end",
        lambda s: TableBlock.objects.create(
            restaurant=s.restaurant, table=s.table, start_at=dinner(20), end_at=dinner(19)
        ),
    ),
    # Dinner runs to half past midnight; a late service of the same day meets it after midnight.
    ("service_periods_never_overlap", lambda s: service_with(s, opens=time(23), closes=time(2))),
    ("service_periods_never_overlap", lambda s: service_with(s, opens=time(8), closes=time(8))),
    ("turn_times_minutes_sane", lambda s: turn_with(s, minutes=721)),
    ("bookings_version_with_state", lambda s: booking_with(s, assignment_state_version=0)),
    ("bookings_referenced", lambda s: booking_with(s, reference="")),
    (
        "allocations_period_bounded",
        lambda s: allocation_with(s, period=DateTimeTZRange(None, dinner())),
    ),
    ("allocations_period_bounded", lambda s: allocation_with(s, period=DateTimeTZRange(empty=True))),
    (
        "state_history_states_known",
        lambda s: change_with(s, from_state="lost"),
    ),
    ("moves_between_tables", lambda s: move_with(s, from_tables=[])),
    ("moves_between_tables", lambda s: move_with(s, from_tables=[1, 2], to_tables=[1, 2])),
    ("attempts_reason_iff_failed", lambda s: attempt_with(s, reason="error")),
    ("comparisons_legacy_scored", lambda s: comparison_with(s, legacy_score=0.5)),
    ("comparisons_legacy_scored", lambda s: comparison_with(s, legacy_outcome="lost")),
    ("comparisons_v3_scored", lambda s: comparison_with(s, v3_score=0.5)),
    ("comparisons_v3_scored", lambda s: comparison_with(s, v3_outcome="manual_review", v3_score=0.5)),
    ("change_wishes_closed_has_time", lambda s: wish_with(s, closed_at=NOW)),
    ("slots_number_range", lambda s: slot_with(s, number=0)),
    ("slots_taken_or_free", lambda s: slot_with(s, token=uuid4())),
    ("slots_taken_or_free", lambda s: slot_with(s, lease_until=dinner())),
    ("alerts_state_dated", lambda _: alter_alert(state="acknowledged")),
    ("alerts_state_dated", lambda _: alter_alert(resolved_at=NOW)),
    ("alert_notices_sent_has_time", lambda _: notice_with(alert_fired(STUCK), "mail", sent_at=NOW)),
]

#: Columns that are unique by themselves, as table.column.
REPEATED: dict[str, Case] = {
    "restaurants.slug": lambda s: RestaurantFactory(slug=s.restaurant.slug),
    "webhook_deliveries.uid": lambda s: [
        webhook_with(s, uid="00000000-0000-0000-0000-000000000001"),
        webhook_with(s, uid="00000000-0000-0000-0000-000000000001"),
    ],
    "review_resolutions.case_id": resolve_twice,
    "pacing_limits.restaurant_id": lambda s: [
        PacingLimit.objects.create(restaurant=s.restaurant, max_covers=10) for _ in range(2)
    ],
    "shadow_comparisons.booking_id": lambda s: [comparison_with(s), comparison_with(s)],
    "assignment_slots.booking_id": lambda s: [take_slot(s, 1), take_slot(s, 2)],
    "review_now_fits.booking_id": lambda s: [now_fit_with(s), now_fit_with(s)],
    "channel_tokens.prefix": lambda s: [token_with(), token_with()],
    "assignment_flag_changes.version": lambda s: [flag_change_with(), flag_change_with()],
    "assignment_flag_cohorts.label": lambda s: [
        Cohort.objects.create(label="ten", percentage=10, salt="salt", restaurants=[1]) for _ in range(2)
    ],
    "rollout_phases.number": lambda _: [left_phase_with(), left_phase_with()],
    "rollout_ledger.number": lambda _: [record_with(), record_with(previous="b", digest="c")],
    "rollout_ledger.digest": lambda _: [record_with(), record_with(number=2, previous="b")],
    "rollout_imported_evidence.file_digest": lambda _: [evidence_with(), evidence_with()],
    "assignment_flag_decisions.proposal_id": lambda s: [decision_with(s) for _ in range(2)],
    "observability_rule_standings.rule": lambda _: [standing_with(), standing_with()],
    "observability_alert_notices.uid": lambda _: notice_with(
        alert_fired(STUCK), "mail", "webhook", uid=UUID(int=1)
    ),
    "assignment_flag_acknowledgements.worker": lambda s: [
        FlagAcknowledgement.objects.create(
            worker="one", version=1, started_at=NOW, acknowledged_at=NOW, seen_at=NOW
        )
        for _ in range(2)
    ],
}

#: Composite foreign keys: each case names a row of another restaurant.
STRANGERS: dict[str, Case] = {
    "tables_zone_id_same_restaurant": lambda s: TableFactory(restaurant=s.restaurant, zone=s.other_zone),
    "table_adjacencies_table_low_id_same_restaurant": lambda s: Adjacency.objects.create(
        restaurant=s.other_restaurant, table_low=s.table, table_high=s.other_table
    ),
    "table_adjacencies_table_high_id_same_restaurant": lambda s: Adjacency.objects.create(
        restaurant=s.restaurant, table_low=s.table, table_high=s.other_table
    ),
    "table_combination_tables_combination_id_same_restaurant": lambda s: CombinationTable.objects.create(
        restaurant=s.restaurant, combination=s.other_combination, table=s.table
    ),
    "table_combination_tables_table_id_same_restaurant": lambda s: CombinationTable.objects.create(
        restaurant=s.restaurant, combination=s.combination, table=s.other_table
    ),
    "table_blocks_table_id_same_restaurant": lambda s: TableBlock.objects.create(
        restaurant=s.restaurant, table=s.other_table, start_at=dinner(19), end_at=dinner(20)
    ),
    "bookings_zone_id_same_restaurant": lambda s: booking_with(s, zone=s.other_zone),
    "booking_table_allocations_booking_id_same_restaurant": lambda s: allocation_with(
        s, booking=s.other_booking
    ),
    "booking_table_allocations_table_id_same_restaurant": lambda s: allocation_with(s, table=s.other_table),
}
