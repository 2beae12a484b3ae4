"""Every rule of the schema, broken on purpose past all validation: the database must refuse.

A constraint, a unique column or a composite foreign key without a case here fails the last tests,
so none comes in untested.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, models, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from assignments.models import (
    MAX_SLOTS,
    Attempt,
    CaseNote,
    CasePresence,
    Cohort,
    FlagAcknowledgement,
    FlagChange,
    NowFit,
    QueueView,
    Resolution,
    ReviewCase,
    ShadowComparison,
    Slot,
)
from bookings.models import (
    Adjacency,
    Allocation,
    ApiAnswer,
    Booking,
    BookingMove,
    ChangeWish,
    ChannelToken,
    Closure,
    Combination,
    CombinationTable,
    ImportReject,
    ImportRun,
    OutboxMessage,
    PacingLimit,
    Restaurant,
    ServicePeriod,
    StaffRestaurant,
    StateChange,
    Table,
    TableBlock,
    TurnTime,
    WebhookDelivery,
    WebhookEndpoint,
    Zone,
)
from observability.alerts.policy import STUCK
from observability.models import Alert, AlertChange, AlertNotice, Event, RuleStanding
from tests.factories import (
    NOW,
    RestaurantFactory,
    TableFactory,
    ZoneFactory,
    dinner,
    receive,
    serving_restaurant,
)
from tests.integration.assignments.flags import test_rules
from tests.integration.observability.rows import alert_fired

PROJECT_APPS = ("assignments", "bookings", "observability")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Two restaurants with their rows; a case breaks one rule about them."""

    restaurant: Restaurant
    zone: Zone
    table: Table
    second_table: Table
    combination: Combination
    booking: Booking
    other_restaurant: Restaurant
    other_zone: Zone
    other_table: Table
    other_combination: Combination
    other_booking: Booking


@pytest.fixture
def scene(db: None) -> Scene:
    restaurant, other = serving_restaurant(4, 4), serving_restaurant(4)
    table, second_table = Table.objects.filter(restaurant=restaurant).order_by("pk")
    return Scene(
        restaurant=restaurant,
        zone=restaurant.zones.get(),
        table=table,
        second_table=second_table,
        combination=Combination.objects.create(restaurant=restaurant, name="Long table", capacity=8),
        booking=receive(restaurant, idempotency_key="key-1"),
        other_restaurant=other,
        other_zone=other.zones.get(),
        other_table=other.tables.get(),
        other_combination=Combination.objects.create(restaurant=other, name="Theirs", capacity=8),
        other_booking=receive(other, idempotency_key="key-2"),
    )


Case = Callable[[Scene], object]


def run_with(s: Scene, **fields: Any) -> ImportRun:
    user, _ = User.objects.get_or_create(username="importer")
    run = {"filename": "x.csv", "content": b"a", "size": 1, "columns": ["a"], "created_by": user}
    return ImportRun.objects.create(**{**run, **fields})


def reject_twice(s: Scene) -> None:
    run = run_with(s)
    reject_with(run)
    reject_with(run)


def reject_with(run: ImportRun, **fields: Any) -> ImportReject:
    return ImportReject.objects.create(**{"run": run, "line": 2, "reason": "broken", "cells": [], **fields})


def period(start: datetime, end: datetime) -> DateTimeTZRange:
    return DateTimeTZRange(start, end, "[)")


def table_with(s: Scene, **fields: Any) -> Table:
    return Table.objects.create(
        **{
            "restaurant": s.restaurant,
            "zone": s.zone,
            "number": "new",
            "capacity": 4,
            "max_party": 4,
            **fields,
        }
    )


def booking_with(s: Scene, **changes: Any) -> int:
    return Booking.objects.filter(pk=s.booking.pk).update(**changes)


def wish_with(s: Scene, **fields: Any) -> ChangeWish:
    asked = {"party_size": 4, "start_at": dinner(19), "end_at": dinner(21), "reason": "no_assignment"}
    return ChangeWish.objects.create(**{"booking": s.booking, **asked, **fields})


def allocation_with(s: Scene, **fields: Any) -> Allocation:
    seating = {
        "restaurant": s.restaurant,
        "booking": s.booking,
        "table": s.table,
        "period": period(dinner(19), dinner(21)),
    }
    return Allocation.objects.create(**{**seating, **fields})


def allocate_twice(s: Scene) -> None:
    allocation_with(s)
    allocation_with(s, period=period(dinner(20, 59), dinner(22)))


def service_with(s: Scene, **fields: Any) -> ServicePeriod:
    hours = {"opens": time(11), "closes": time(15), "name": "Lunch", "weekday": 0}
    return ServicePeriod.objects.create(restaurant=s.restaurant, **{**hours, **fields})


def turn_with(s: Scene, **fields: Any) -> TurnTime:
    band = {"min_party": 3, "max_party": 4, "minutes": 90}
    return TurnTime.objects.create(restaurant=s.restaurant, **{**band, **fields})


def overlap_turns(s: Scene) -> None:
    turn_with(s)
    turn_with(s, min_party=4, max_party=6)


def change_with(s: Scene, **fields: Any) -> StateChange:
    move = {"from_state": "created", "to_state": "capacity_verified", "version": 2}
    return StateChange.objects.create(booking=s.booking, **{**move, **fields})


def endpoint_with(**fields: Any) -> WebhookEndpoint:
    endpoint = {
        "channel": "web",
        "url": "https://shop.example/hooks",
        "events": ["booking.confirmed"],
        "salt": "s",
    }
    return WebhookEndpoint.objects.create(**{**endpoint, **fields})


def webhook_with(s: Scene, **fields: Any) -> WebhookDelivery:
    told = {
        "booking": s.booking,
        "event": "booking.confirmed",
        "version": 6,
        "start_at": s.booking.start_at,
        "end_at": s.booking.end_at,
        "happened_at": NOW,
    }
    endpoint = fields.pop("endpoint", None) or endpoint_with(url=f"https://shop.example/{uuid4()}")
    return WebhookDelivery.objects.create(endpoint=endpoint, **{**told, **fields})


def tell_twice(s: Scene) -> None:
    endpoint = endpoint_with()
    webhook_with(s, endpoint=endpoint)
    webhook_with(s, endpoint=endpoint)


def mail_with(s: Scene, **fields: Any) -> OutboxMessage:
    mail = {"kind": "confirmation", "revision": 6, "message_id": f"<{uuid4()}@test>"}
    return OutboxMessage.objects.create(booking=s.booking, **{**mail, **fields})


def name_the_restaurant_twice(s: Scene) -> object:
    user = User.objects.create(username="ada")
    StaffRestaurant.objects.create(user=user, restaurant=s.restaurant)
    return StaffRestaurant.objects.create(user=user, restaurant=s.restaurant)


def promise_twice(s: Scene) -> None:
    mail_with(s)
    mail_with(s)


def attempt_with(s: Scene, **fields: Any) -> Attempt:
    attempt = {"attempt_no": 1, "result": "success"}
    return Attempt.objects.create(booking=s.booking, **{**attempt, **fields})


def move_with(s: Scene, **fields: Any) -> BookingMove:
    move = {"from_tables": [1], "to_tables": [2], "cause": "reseat"}
    return BookingMove.objects.create(booking=s.booking, **{**move, **fields})


def attempt_twice(s: Scene) -> None:
    attempt_with(s)
    attempt_with(s)


def comparison_with(s: Scene, **fields: Any) -> ShadowComparison:
    comparison = {"booking": s.booking, "restaurant": s.restaurant, "comparison": "skipped"}
    return ShadowComparison.objects.create(**{**comparison, **fields})


def slot_with(s: Scene, **fields: Any) -> Slot:
    return Slot.objects.create(restaurant=s.restaurant, **{"number": 1, **fields})


def take_slot(s: Scene, number: int) -> Slot:
    return slot_with(s, number=number, booking=s.booking, token=uuid4(), lease_until=dinner())


def link_twice(s: Scene) -> None:
    for _ in range(2):
        Adjacency.objects.create(restaurant=s.restaurant, table_low=s.table, table_high=s.second_table)


def join_twice(s: Scene) -> None:
    for _ in range(2):
        CombinationTable.objects.create(
            restaurant=s.restaurant, combination=s.combination, table=s.second_table
        )


def same_id(pick: Callable[[Scene], models.Model], add: Callable[[Scene], models.Model]) -> Case:
    """Give a new row the id of one there is. The primary key would refuse it first, so it is dropped."""

    def case(s: Scene) -> None:
        row, new = pick(s), add(s)
        table = row._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE contype = 'p' AND conrelid = %s::regclass", [table]
            )
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {cursor.fetchone()[0]} CASCADE")
            cursor.execute(f"UPDATE {table} SET id = %s WHERE id = %s", [row.pk, new.pk])

    return case


def now_fit_with(s: Scene, **fields: Any) -> NowFit:
    values = {"tables": [s.table.pk], "strategy": "optimal_fit", "found_at": NOW, **fields}
    return NowFit.objects.create(booking=s.booking, **values)


CLOSED = {"closed_at": NOW, "closed_to": "cancelled"}


def person() -> User:
    return User.objects.get_or_create(username="ben")[0]


def case_with(s: Scene, **fields: Any) -> ReviewCase:
    return ReviewCase.objects.create(booking=s.booking, **{"opened_version": 1, "opened_at": NOW, **fields})


def be_there_twice(s: Scene) -> None:
    case = case_with(s)
    for _ in range(2):
        CasePresence.objects.create(case=case, user=person())


def resolution_with(s: Scene, **fields: Any) -> Resolution:
    values = {"kind": "seated", "sentence": "as wished", "version": 2, **fields}
    return Resolution.objects.create(case=case_with(s), actor=person(), **values)


def resolve_twice(s: Scene) -> None:
    case = case_with(s)
    for version in (2, 3):
        Resolution.objects.create(
            case=case, actor=person(), kind="seated", sentence="as wished", version=version
        )


def flag_change_with() -> FlagChange:
    return FlagChange.objects.create(
        version=1, flag="v3", from_value=None, to_value=1, reason="a test", author="engineer", created_at=NOW
    )


def answer_with(**fields: Any) -> ApiAnswer:
    return ApiAnswer.objects.create(**{"channel": "web", "key": "one", "digest": "0" * 64, **fields})


def token_with(**fields: Any) -> ChannelToken:
    values = {"channel": "web", "prefix": "PREFIX22", "digest": "0" * 64, "rights": ["read"], **fields}
    return ChannelToken.objects.create(**{"created_at": NOW, "expires_at": dinner(day=1), **values})


def standing_with(**fields: Any) -> RuleStanding:
    return RuleStanding.objects.create(
        **{"rule": "stuck", "state": "quiet", "since": NOW, "evaluated_at": NOW, **fields}
    )


def alter_alert(**fields: Any) -> int:
    return Alert.objects.filter(pk=alert_fired(STUCK).pk).update(**fields)


def change_alert(to_state: str) -> AlertChange:
    return AlertChange.objects.create(alert=alert_fired(STUCK), to_state=to_state, created_at=NOW)


def notice_with(alert: Alert, *channels: str, **fields: Any) -> list[AlertNotice]:
    change = alert.changes.get()
    return [AlertNotice.objects.create(change=change, channel=channel, **fields) for channel in channels]


BROKEN: dict[str, Case] = {
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
    "bookings.reference": lambda s: booking_with(s, reference=s.other_booking.reference),
    "webhook_deliveries.uid": lambda s: [
        webhook_with(s, uid="00000000-0000-0000-0000-000000000001"),
        webhook_with(s, uid="00000000-0000-0000-0000-000000000001"),
    ],
    "review_resolutions.case_id": resolve_twice,
    "bookings.import_key": lambda s: Booking.objects.update(import_key=UUID(int=1)),
    "outbox_messages.message_id": lambda s: [
        mail_with(s, message_id="<1@test>", revision=1),
        mail_with(s, message_id="<1@test>", revision=2),
    ],
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


def carry_out(case: Case, scene: Scene) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        case(scene)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def violation(case: Case, scene: Scene) -> Any:
    """The database's own report of the rule a case broke."""
    with pytest.raises(IntegrityError) as refusal:
        carry_out(case, scene)
    return refusal.value.__cause__.diag  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "case"), [*BROKEN.items(), *ALSO_BROKEN], ids=[*BROKEN, *(f"{n}-also" for n, _ in ALSO_BROKEN)]
)
def test_the_database_refuses_a_row_that_breaks(name: str, case: Case, scene: Scene) -> None:
    assert violation(case, scene).constraint_name == name


@pytest.mark.parametrize("column", REPEATED)
def test_the_database_refuses_a_repeat_of(column: str, scene: Scene) -> None:
    found = violation(REPEATED[column], scene)
    table, name = column.split(".")
    assert found.sqlstate == "23505"
    assert found.table_name == table
    assert found.message_detail.startswith(f"Key ({name})=")


@pytest.mark.parametrize("name", STRANGERS)
def test_a_row_of_another_restaurant_is_refused(name: str, scene: Scene) -> None:
    assert violation(STRANGERS[name], scene).constraint_name == name


def test_two_seatings_may_touch_and_a_given_up_one_is_in_nobodys_way(scene: Scene) -> None:
    allocation_with(scene)
    allocation_with(scene, period=period(dinner(21), dinner(22)))
    allocation_with(scene, active=False)
    allocation_with(scene, table=scene.second_table)
    assert Allocation.objects.count() == 4


def test_reviving_a_given_up_seating_onto_a_taken_table_is_refused(scene: Scene) -> None:
    allocation_with(scene)
    given_up = allocation_with(scene, active=False)
    found = violation(lambda s: Allocation.objects.filter(pk=given_up.pk).update(active=True), scene)
    assert found.constraint_name == "allocations_never_overlap"


def test_services_may_touch_and_differ_by_day(scene: Scene) -> None:
    service_with(scene, opens=time(12), closes=time(17))
    service_with(scene, opens=time(0, 30), closes=time(2), name="Night")
    service_with(scene, opens=time(12), closes=time(17), weekday=1)
    assert scene.restaurant.service_periods.count() == 7 + 3


def test_turn_times_of_services_of_different_names_may_cover_the_same_parties(scene: Scene) -> None:
    turn_with(scene)
    turn_with(scene, service_name="Dinner")
    turn_with(scene, min_party=5, max_party=6)
    assert scene.restaurant.turn_times.count() == 3


def test_a_booking_with_history_cannot_be_deleted(scene: Scene) -> None:
    def delete(s: Scene) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM bookings WHERE id = %s", [s.booking.pk])

    assert violation(delete, scene).table_name == "booking_assignment_state_history"


def project_models() -> Iterator[type[models.Model]]:
    for label in PROJECT_APPS:
        yield from apps.get_app_config(label).get_models()


def test_every_constraint_of_every_model_has_a_case() -> None:
    declared = {constraint.name for model in project_models() for constraint in model._meta.constraints}
    flags = Path(test_rules.__file__).read_text()
    assert {name for name in declared if f'"{name}"' not in flags} == set(BROKEN)


def test_every_unique_column_of_every_model_has_a_case() -> None:
    declared = {
        f"{model._meta.db_table}.{field.column}"
        for model in project_models()
        for field in model._meta.local_concrete_fields
        if field.unique and not field.primary_key
    }
    assert declared == set(REPEATED)


def test_no_model_has_an_old_unique_together_that_the_walk_would_miss() -> None:
    assert [model for model in project_models() if model._meta.unique_together] == []


@pytest.mark.django_db
def test_every_composite_foreign_key_of_the_database_has_a_case() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname FROM pg_constraint
            WHERE contype = 'f' AND cardinality(conkey) > 1 AND connamespace = 'public'::regnamespace
            """
        )
        declared = {name for (name,) in cursor.fetchall()}
    assert declared == set(STRANGERS)


@pytest.mark.django_db
def test_every_declared_constraint_is_in_force_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname FROM pg_constraint WHERE convalidated AND connamespace = 'public'::regnamespace
            UNION SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indisvalid
            """
        )
        in_force = {name for (name,) in cursor.fetchall()}
    assert set(BROKEN) - in_force == set()


def test_a_past_day_is_no_reason_to_refuse_a_row(scene: Scene) -> None:
    """Imported history lies in the past: the schema must not look at the clock."""
    long_ago = datetime(2019, 5, 1, 19, tzinfo=UTC)
    assert booking_with(scene, start_at=long_ago, end_at=long_ago + timedelta(minutes=90)) == 1
