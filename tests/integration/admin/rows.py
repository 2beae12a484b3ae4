"""A row of every model the console lists, each with parents of its own, so that queries per row show."""

import itertools
import uuid
from collections.abc import Callable, Mapping
from datetime import date

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from assignments.models import (
    Attempt,
    CaseNote,
    CasePresence,
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
    GuestErasure,
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
from observability.models import Alert, AlertChange, AlertNotice, Event, RuleStanding, ServiceTiming
from tests.factories import (
    RestaurantFactory,
    ServicePeriodFactory,
    TableFactory,
    ZoneFactory,
    dinner,
)
from tests.integration.admin.booking_rows import (
    attempt,
    event,
    mail,
    move,
    review_case,
    seated_booking,
    somebody,
    state_change,
    wish,
)
from tests.integration.admin.flag_rows import FLAG_MAKERS
from tests.integration.admin.rollout_rows import ROLLOUT_MAKERS
from tests.integration.observability.rows import alert_fired

_numbers = itertools.count(1)


def make(model: type[Model]) -> Model:
    """One row of the model, with everything it points to."""
    maker = MAKERS.get(model)
    assert maker, (
        f"{model._meta.label} is listed in the console: give it a maker in tests.integration.admin.rows"
    )
    return maker()


def staff_at(restaurant: Restaurant) -> StaffRestaurant:
    return StaffRestaurant.objects.create(user=somebody(), restaurant=restaurant)


def _two_tables() -> list[Table]:
    zone = ZoneFactory()
    return [TableFactory(zone=zone), TableFactory(zone=zone)]


def _adjacency() -> Adjacency:
    low, high = _two_tables()
    return Adjacency.objects.create(restaurant=low.restaurant, table_low=low, table_high=high)


def _combination() -> Combination:
    tables = _two_tables()
    combination = Combination.objects.create(
        restaurant=tables[0].restaurant, name=f"Long {next(_numbers)}", capacity=8
    )
    for table in tables:
        CombinationTable.objects.create(restaurant=table.restaurant, combination=combination, table=table)
    return combination


def _block() -> TableBlock:
    table = TableFactory()
    return TableBlock.objects.create(
        restaurant=table.restaurant, table=table, start_at=dinner(), end_at=dinner(20), reason="broken"
    )


def _import_run() -> ImportRun:
    return ImportRun.objects.create(
        filename=f"bookings-{next(_numbers)}.csv",
        content=b"start\n",
        size=6,
        columns=["start"],
        restaurant=RestaurantFactory(),
        created_by=User.objects.create(username=f"importer-{next(_numbers)}"),
    )


def _slot() -> Slot:
    booking = seated_booking()
    return Slot.objects.create(
        restaurant=booking.restaurant,
        number=1,
        booking=booking,
        token=uuid.uuid4(),
        lease_until=timezone.now(),
    )


def _comparison() -> ShadowComparison:
    booking = seated_booking()
    tables = list(booking.restaurant.tables.values_list("pk", flat=True))
    return ShadowComparison.objects.create(
        booking=booking,
        restaurant=booking.restaurant,
        comparison="match",
        legacy_outcome="confirmed",
        legacy_tables=tables,
        legacy_score=0.9,
        v3_outcome="confirmed",
        v3_tables=tables,
        v3_score=0.9,
        facts_at=timezone.now(),
    )


def _now_fit() -> NowFit:
    booking = seated_booking()
    return NowFit.objects.create(
        booking=booking,
        tables=list(booking.restaurant.tables.values_list("pk", flat=True)),
        strategy="optimal_fit",
        found_at=timezone.now(),
    )


def _channel_token() -> ChannelToken:
    number = next(_numbers)
    token = ChannelToken.objects.create(
        channel="web", prefix=f"{number:08}", digest="0" * 64, rights=["read"], expires_at=dinner(day=365)
    )
    token.restaurants.add(RestaurantFactory())
    return token


def _task(*, success: bool) -> Model:
    now = timezone.now()
    task: Model = apps.get_model("django_q", "Task").objects.create(
        id=uuid.uuid4().hex,
        name=f"task-{next(_numbers)}",
        func="assignments.tasks.assign",
        args=(1,),
        result="traceback",
        started=now,
        stopped=now,
        success=success,
    )
    return task


def _of_task(name: str, *, success: bool) -> Model:
    task: Model = apps.get_model("django_q", name).objects.get(pk=_task(success=success).pk)
    return task


def _endpoint() -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        channel="web", url=f"https://shop.example/{next(_numbers)}", events=["booking.confirmed"], salt="s"
    )


def _webhook() -> WebhookDelivery:
    booking = seated_booking()
    return WebhookDelivery.objects.create(
        endpoint=_endpoint(),
        booking=booking,
        event="booking.confirmed",
        version=6,
        booking_status=booking.status,
        start_at=booking.start_at,
        end_at=booking.end_at,
        happened_at=timezone.now(),
    )


def _alert() -> Alert:
    Alert.objects.filter(resolved_at__isnull=True).update(state="resolved", resolved_at=timezone.now())
    return alert_fired(STUCK, at=timezone.now())


MAKERS: Mapping[type[Model], Callable[[], Model]] = {
    **ROLLOUT_MAKERS,
    **FLAG_MAKERS,
    Restaurant: RestaurantFactory,
    Zone: ZoneFactory,
    StaffRestaurant: lambda: staff_at(RestaurantFactory()),
    Table: TableFactory,
    Adjacency: _adjacency,
    Combination: _combination,
    CombinationTable: lambda: CombinationTable.objects.filter(combination=_combination())[0],
    TableBlock: _block,
    ServicePeriod: ServicePeriodFactory,
    Closure: lambda: Closure.objects.create(
        restaurant=RestaurantFactory(), starts_on=date(2027, 3, 1), ends_on=date(2027, 3, 2)
    ),
    TurnTime: lambda: TurnTime.objects.create(
        restaurant=RestaurantFactory(), min_party=1, max_party=2, minutes=75
    ),
    PacingLimit: lambda: PacingLimit.objects.create(restaurant=RestaurantFactory(), max_covers=20),
    Booking: seated_booking,
    Allocation: lambda: Allocation.objects.filter(booking=seated_booking())[0],
    StateChange: lambda: state_change(seated_booking()),
    BookingMove: lambda: move(seated_booking()),
    ChangeWish: lambda: wish(seated_booking()),
    OutboxMessage: lambda: mail(seated_booking()),
    WebhookEndpoint: _endpoint,
    WebhookDelivery: _webhook,
    ApiAnswer: lambda: ApiAnswer.objects.create(channel="web", key=f"key-{next(_numbers)}", digest="0" * 64),
    ChannelToken: _channel_token,
    ImportRun: _import_run,
    ImportReject: lambda: ImportReject.objects.create(
        run=_import_run(), line=2, reason="start: the cell is empty", cells=[""]
    ),
    Attempt: lambda: attempt(seated_booking()),
    Slot: _slot,
    NowFit: _now_fit,
    ReviewCase: review_case,
    CaseNote: lambda: CaseNote.objects.create(case=review_case(), author=somebody(), text="Called."),
    CasePresence: lambda: CasePresence.objects.create(case=review_case(), user=somebody()),
    Resolution: lambda: Resolution.objects.create(
        case=review_case(), actor=somebody(), kind="seated", sentence="15 minutes later", version=9
    ),
    QueueView: lambda: QueueView.objects.create(name=f"View {next(_numbers)}", query="reason=pacing"),
    ShadowComparison: _comparison,
    Event: lambda: event(seated_booking()),
    RuleStanding: lambda: RuleStanding.objects.create(
        rule=f"rule-{next(_numbers)}", state="quiet", since=timezone.now(), evaluated_at=timezone.now()
    ),
    Alert: _alert,
    AlertChange: lambda: AlertChange.objects.get(alert=_alert()),
    GuestErasure: lambda: GuestErasure.objects.create(actor=somebody(), proofs=["a" * 64], rows={}),
    ServiceTiming: lambda: ServiceTiming.objects.create(
        kind="query", minute=timezone.now(), bin=next(_numbers), count=1
    ),
    AlertNotice: lambda: AlertNotice.objects.create(change=_alert().changes.get(), channel="mail"),
    apps.get_model("django_q", "OrmQ"): lambda: apps.get_model("django_q", "OrmQ").objects.create(
        key="default", payload="not a pickle", lock=timezone.now()
    ),
    apps.get_model("django_q", "Success"): lambda: _of_task("Success", success=True),
    apps.get_model("django_q", "Failure"): lambda: _of_task("Failure", success=False),
    apps.get_model("django_q", "Schedule"): lambda: apps.get_model("django_q", "Schedule").objects.create(
        name=f"every {next(_numbers)}", func="assignments.tasks.sweep"
    ),
}
