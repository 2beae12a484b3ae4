"""A way to break each constraint, by its name."""

from datetime import date, time, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from assignments.models import (
    MAX_SLOTS,
    CaseNote,
    QueueView,
)
from bookings.models import (
    Adjacency,
    Booking,
    Closure,
    Combination,
    GuestErasure,
    PacingLimit,
    TableBlock,
)
from observability.alerts.policy import STUCK
from observability.models import Event
from tests.factories import (
    NOW,
    RestaurantFactory,
    ZoneFactory,
    dinner,
    receive,
)
from tests.integration.bookings.schema.scene import (
    CLOSED,
    Case,
    allocate_twice,
    allocation_with,
    alter_alert,
    answer_with,
    attempt_twice,
    attempt_with,
    be_there_twice,
    booking_with,
    case_with,
    change_alert,
    change_with,
    comparison_with,
    endpoint_with,
    join_twice,
    link_twice,
    mail_with,
    move_with,
    name_the_restaurant_twice,
    notice_with,
    now_fit_with,
    overlap_turns,
    person,
    promise_twice,
    reject_twice,
    reject_with,
    resolution_with,
    run_with,
    same_id,
    service_with,
    slot_with,
    standing_with,
    table_with,
    tell_twice,
    token_with,
    turn_with,
    webhook_with,
    wish_with,
)
from tests.integration.observability.rows import alert_fired

BROKEN: dict[str, Case] = {
    # Guests' requests
    "guest_erasures_proven": lambda s: GuestErasure.objects.create(
        actor=User.objects.create_user(username="eraser"), proofs=[], rows={}
    ),
    # Channels
    "api_answers_once": lambda s: [answer_with(), answer_with()],
    "api_answers_named": lambda s: answer_with(key=""),
    "channel_tokens_named": lambda s: token_with(channel=""),
    "channel_tokens_hashed": lambda s: token_with(digest="secret"),
    "channel_tokens_rights_known": lambda s: token_with(rights=["read", "everything"]),
    "channel_tokens_expire_after_creation": lambda s: token_with(expires_at=NOW),
    # Marks
    "now_fits_somewhere": lambda s: now_fit_with(s, tables=[]),
    # Review
    "review_cases_one_open": lambda s: (case_with(s), case_with(s, opened_version=2)),
    "review_cases_once": lambda s: (case_with(s, **CLOSED), case_with(s, **CLOSED)),
    "review_cases_claim_has_lease": lambda s: case_with(s, owner=person()),
    "review_cases_closed_whole": lambda s: case_with(s, closed_at=NOW),
    "review_cases_snoozed_for_a_reason": lambda s: case_with(s, snoozed_until=NOW),
    "review_presence_once": be_there_twice,
    "review_notes_say_something": lambda s: CaseNote.objects.create(
        case=case_with(s), author=person(), text=""
    ),
    "review_resolutions_kind_known": lambda s: resolution_with(s, kind="forgotten"),
    "review_resolutions_undone_after": lambda s: resolution_with(s, undone_at=NOW - timedelta(days=3650)),
    "review_views_name_unique": lambda s: [
        QueueView.objects.create(name="Large parties", query="party=6") for _ in range(2)
    ],
    "review_views_named": lambda s: QueueView.objects.create(name="", query="party=6"),
    # Restaurants
    "restaurants_buffer_sane": lambda s: RestaurantFactory(buffer_minutes=241),
    "restaurants_joins_at_least_one": lambda s: RestaurantFactory(max_tables=0),
    "restaurants_party_positive": lambda s: RestaurantFactory(max_party_auto=0),
    "restaurants_named": lambda s: RestaurantFactory(name=""),
    # Zones
    "zones_name_unique": lambda s: ZoneFactory(restaurant=s.restaurant, name=s.zone.name),
    "zones_of_restaurant": same_id(lambda s: s.zone, lambda s: ZoneFactory(restaurant=s.restaurant)),
    "zones_kind_known": lambda s: ZoneFactory(restaurant=s.restaurant, kind="roof"),
    "zones_named": lambda s: ZoneFactory(restaurant=s.restaurant, name=""),
    # Tables
    "tables_number_unique": lambda s: table_with(s, number=s.table.number),
    "tables_of_restaurant": same_id(lambda s: s.table, table_with),
    "tables_capacity_positive": lambda s: table_with(s, capacity=0, max_party=0, min_party=0),
    "tables_min_party_positive": lambda s: table_with(s, min_party=0),
    "tables_party_range": lambda s: table_with(s, min_party=3, max_party=2),
    "tables_max_party_fits": lambda s: table_with(s, capacity=4, max_party=5),
    "tables_numbered": lambda s: table_with(s, number=""),
    "tables_attributes_known": lambda s: table_with(s, attributes=["window", "sea_view"]),
    # How tables stand together
    "adjacencies_unique": link_twice,
    "adjacencies_low_before_high": lambda s: Adjacency.objects.create(
        restaurant=s.restaurant, table_low=s.table, table_high=s.table
    ),
    "combinations_name_unique": lambda s: Combination.objects.create(
        restaurant=s.restaurant, name=s.combination.name, capacity=6
    ),
    "combinations_of_restaurant": same_id(
        lambda s: s.combination,
        lambda s: Combination.objects.create(restaurant=s.restaurant, name="New", capacity=8),
    ),
    "combinations_capacity_positive": lambda s: Combination.objects.create(
        restaurant=s.restaurant, name="None", capacity=0
    ),
    "combinations_named": lambda s: Combination.objects.create(restaurant=s.restaurant, name="", capacity=6),
    "combination_tables_unique": join_twice,
    "blocks_start_before_end": lambda s: TableBlock.objects.create(
        restaurant=s.restaurant, table=s.table, start_at=dinner(), end_at=dinner()
    ),
    # Calendar
    "service_periods_of_restaurant": same_id(lambda s: s.restaurant.service_periods.all()[0], service_with),
    "service_periods_weekday": lambda s: service_with(s, weekday=7),
    "service_periods_named": lambda s: service_with(s, name=""),
    "service_periods_never_overlap": lambda s: service_with(s, opens=time(12), closes=time(17, 1)),
    "closures_start_before_end": lambda s: Closure.objects.create(
        restaurant=s.restaurant, starts_on=date(2027, 12, 26), ends_on=date(2027, 12, 25)
    ),
    "turn_times_party_positive": lambda s: turn_with(s, min_party=0),
    "turn_times_party_range": lambda s: turn_with(s, min_party=5, max_party=4),
    "turn_times_minutes_sane": lambda s: turn_with(s, minutes=14),
    "turn_times_never_overlap": overlap_turns,
    "pacing_interval_divides_hour": lambda s: PacingLimit.objects.create(
        restaurant=s.restaurant, interval_minutes=25, max_covers=10
    ),
    "pacing_covers_positive": lambda s: PacingLimit.objects.create(restaurant=s.restaurant, max_covers=0),
    # Bookings
    "bookings_of_restaurant": same_id(lambda s: s.booking, lambda s: receive(s.restaurant)),
    "bookings_reference_unique": lambda s: booking_with(s, reference=s.other_booking.reference),
    "bookings_import_key_unique": lambda _: Booking.objects.update(import_key=UUID(int=1)),
    "bookings_idempotency_key_unique": lambda s: booking_with(
        s, idempotency_key=s.other_booking.idempotency_key
    ),
    "bookings_party_positive": lambda s: booking_with(s, party_size=0),
    "bookings_start_before_end": lambda s: booking_with(s, end_at=s.booking.start_at),
    "bookings_status_known": lambda s: booking_with(s, status="lost"),
    "bookings_state_known": lambda s: booking_with(s, assignment_state="lost"),
    "bookings_version_with_state": lambda s: booking_with(s, assignment_state=None),
    "bookings_cancelled_state_means_status": lambda s: booking_with(s, assignment_state="cancelled"),
    "bookings_cycle_within_attempts": lambda s: booking_with(s, assignment_cycle_start=1),
    "bookings_requires_known": lambda s: booking_with(s, requires=["sea_view"]),
    "bookings_revision_positive": lambda s: booking_with(s, revision=0),
    "change_wishes_one_open": lambda s: [wish_with(s), wish_with(s)],
    "change_wishes_status_known": lambda s: wish_with(s, status="maybe", closed_at=NOW),
    "change_wishes_party_positive": lambda s: wish_with(s, party_size=0),
    "change_wishes_start_before_end": lambda s: wish_with(s, end_at=dinner(19)),
    "change_wishes_requires_known": lambda s: wish_with(s, requires=["piano"]),
    "change_wishes_closed_has_time": lambda s: wish_with(s, status="declined"),
    "change_wishes_have_a_reason": lambda s: wish_with(s, reason=""),
    "bookings_referenced": lambda s: booking_with(s, channel=""),
    "bookings_path_known": lambda s: booking_with(s, assignment_path="scenic"),
    # Moves
    "moves_between_tables": lambda s: move_with(s, to_tables=[]),
    "moves_have_a_cause": lambda s: move_with(s, cause=""),
    # Allocations
    "allocations_never_overlap": allocate_twice,
    "allocations_period_bounded": lambda s: allocation_with(s, period=DateTimeTZRange(dinner(), None)),
    # State history
    "state_history_version_unique": lambda s: change_with(s, version=1, from_state=None, to_state="created"),
    "state_history_first_is_created": lambda s: change_with(s, from_state=None),
    "state_history_moves": lambda s: change_with(s, to_state="created"),
    "state_history_states_known": lambda s: change_with(s, to_state="lost"),
    # Outbox
    "import_runs_content_while_needed": lambda s: run_with(s, status="done", finished_at=NOW),
    "import_runs_rows_add_up": lambda s: run_with(s, rows=1),
    "import_rejects_line_once": reject_twice,
    "import_rejects_have_a_reason": lambda s: reject_with(run_with(s), reason=""),
    "outbox_once": promise_twice,
    "outbox_message_id_unique": lambda s: [
        mail_with(s, message_id="<1@test>", revision=1),
        mail_with(s, message_id="<1@test>", revision=2),
    ],
    "staff_restaurant_once": name_the_restaurant_twice,
    "outbox_kind_known": lambda s: mail_with(s, kind="newsletter"),
    "outbox_status_known": lambda s: mail_with(s, status="lost"),
    "outbox_sent_has_time": lambda s: mail_with(s, status="sent"),
    "outbox_inflight_has_time": lambda s: mail_with(s, status="inflight"),
    "webhook_endpoints_once": lambda _: [endpoint_with(), endpoint_with()],
    "webhook_endpoints_named": lambda _: endpoint_with(url=""),
    "webhook_endpoints_events_known": lambda _: endpoint_with(events=["booking.lost"]),
    "webhook_deliveries_once": tell_twice,
    "webhook_deliveries_event_known": lambda s: webhook_with(s, event="booking.lost"),
    "webhook_deliveries_status_known": lambda s: webhook_with(s, status="lost"),
    "webhook_deliveries_about_a_booking": lambda s: webhook_with(s, booking=None),
    "webhook_deliveries_sent_has_time": lambda s: webhook_with(s, status="sent"),
    "webhook_deliveries_inflight_has_time": lambda s: webhook_with(s, status="inflight"),
    # Assignments
    "attempts_number_unique": attempt_twice,
    "attempts_number_positive": lambda s: attempt_with(s, attempt_no=0),
    "attempts_result_known": lambda s: attempt_with(s, result="maybe", reason="error"),
    "attempts_reason_iff_failed": lambda s: attempt_with(s, result="failure"),
    "slots_number_unique": lambda s: [slot_with(s), slot_with(s)],
    "slots_number_range": lambda s: slot_with(s, number=MAX_SLOTS + 1),
    "slots_taken_or_free": lambda s: slot_with(s, booking=s.booking),
    "comparisons_class_known": lambda s: comparison_with(s, comparison="unheard_of"),
    "comparisons_noise_known": lambda s: comparison_with(s, noise="unheard_of"),
    "comparisons_legacy_scored": lambda s: comparison_with(s, legacy_outcome="confirmed"),
    "comparisons_v3_scored": lambda s: comparison_with(s, v3_outcome="confirmed"),
    # Events
    "events_severity_known": lambda s: Event.objects.create(
        source="outbox", event_type="mail.sent", severity="loud"
    ),
    "events_source_known": lambda s: Event.objects.create(source="gossip", event_type="mail.sent"),
    # Alerts
    "rule_standings_state_known": lambda _: standing_with(state="lost"),
    "rule_standings_breach_dated": lambda _: standing_with(state="pending"),
    "alerts_one_open": lambda _: [alert_fired(STUCK), alert_fired(STUCK)],
    "alerts_priority_known": lambda _: alter_alert(priority="P9"),
    "alerts_state_dated": lambda _: alter_alert(state="resolved"),
    "alerts_acknowledged_by_somebody": lambda _: alter_alert(state="acknowledged", acknowledged_at=NOW),
    "alert_changes_once": lambda _: change_alert("firing"),
    "alert_changes_state_known": lambda _: change_alert("lost"),
    "alert_changes_acknowledged_by_somebody": lambda _: change_alert("acknowledged"),
    "alert_notices_once": lambda _: notice_with(alert_fired(STUCK), "mail", "mail"),
    "alert_notices_channel_known": lambda _: notice_with(alert_fired(STUCK), "pigeon"),
    "alert_notices_status_known": lambda _: notice_with(alert_fired(STUCK), "mail", status="lost"),
    "alert_notices_sent_has_time": lambda _: notice_with(alert_fired(STUCK), "mail", status="sent"),
}

#: Rules with more than one way to be broken: the further ways.
