"""Rows to break the rules of the schema with: one good row of each, and ways to make a bad one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import connection, models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from assignments.engine.phases import PhaseKey
from assignments.models import (
    Attempt,
    CasePresence,
    FlagChange,
    FlagDecision,
    FlagProposal,
    ImportedEvidence,
    LedgerEntry,
    NowFit,
    Phase,
    Resolution,
    ReviewCase,
    ShadowComparison,
    Slot,
)
from assignments.rollout import policies
from bookings.models import (
    Adjacency,
    Allocation,
    ApiAnswer,
    Booking,
    BookingMove,
    ChangeWish,
    ChannelToken,
    Combination,
    CombinationTable,
    ImportReject,
    ImportRun,
    OutboxMessage,
    Restaurant,
    ServicePeriod,
    StaffRestaurant,
    StateChange,
    Table,
    TurnTime,
    WebhookDelivery,
    WebhookEndpoint,
    Zone,
)
from observability.alerts.policy import STUCK
from observability.models import Alert, AlertChange, AlertNotice, RuleStanding
from tests.factories import (
    NOW,
    dinner,
)
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


Case = Callable[[Scene], object]


def left_phase_with() -> Phase:
    return Phase.objects.create(
        number=1,
        key="staging_shadow",
        environment="staging",
        policy=policies.current(PhaseKey.STAGING_SHADOW, now=NOW),
        flag_version=1,
        restaurants=1,
        entered_at=NOW,
        author="engineer",
        left_at=NOW,
        left_how="proceeded",
    )


def record_with(**fields: Any) -> LedgerEntry:
    record = {"number": 1, "kind": "x", "at": NOW, "author": "x", "body": {}, "previous": "0", "digest": "a"}
    return LedgerEntry.objects.create(**{**record, **fields})


def evidence_with() -> ImportedEvidence:
    return ImportedEvidence.objects.create(
        environment="staging",
        phase="staging_full",
        chain_head="c",
        file_digest="f",
        summary={},
        imported_at=NOW,
    )


def decision_with(s: Scene) -> FlagDecision:
    proposer, _ = User.objects.get_or_create(username="proposer")
    proposal, _ = FlagProposal.objects.get_or_create(
        base_version=0, wanted={}, effect={}, reason="a test", proposer=proposer
    )
    return FlagDecision.objects.create(proposal=proposal, outcome="withdrawn", actor=proposer)


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
