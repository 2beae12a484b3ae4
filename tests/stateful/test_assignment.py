"""A Hypothesis state machine on the real database: anything may happen in any order, invariants hold.

Each step is followed by the audit. Workers die between the commits of a run, tasks come twice, late or
never, leases lapse, Redis forgets, tables go out of service, flags flip. In the end, when nothing more
goes wrong, every booking gets final and every mail is settled.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import caches
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from assignments import flags
from assignments.audit import Evidence
from assignments.coordinator import process_booking
from assignments.edge import Edge
from assignments.flags import services
from assignments.flags.authors import Author
from assignments.sweeper import sweep
from bookings import changes, service_time, wish_decisions
from bookings.cancellation import CancellationError, cancel
from bookings.change_request import BookingChange
from bookings.intake import IntakeError
from bookings.models import Booking, ChangeWish, Restaurant, TableBlock
from bookings.outbox import delivery
from bookings.seating import NoSeatingError
from bookings.states import FINAL
from bookings.walk_ins import walk_in
from bookings.withdrawals import deactivate_table, place_block, reactivate_table
from tests.factories import receive, serving_restaurant
from tests.invariants import breaches

#: A run reads its clock at most this often: once at each stage between its commits.
STAGES = 5

#: Rounds of work and sweeping after which everything has to be final: attempts, lost ones included.
ROUNDS = 40

WHY: dict[str, Any] = {"reason": "state machine", "by": Author(name="test")}


class Killed(BaseException):
    """The worker is gone: nothing after this point happens."""


def dying(stage: int) -> Edge:
    """An edge whose clock kills the run when it is read for the `stage`-th time."""
    left = iter(range(stage - 1))

    def clock() -> Any:
        if next(left, None) is None:
            raise Killed
        return timezone.now()

    return Edge(clock=clock, jitter=lambda: 0.0)


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def empty_database() -> None:
    """Faster than a flush; a replica's session passes the append-only triggers."""
    tables = [
        model._meta.db_table
        for name in ("assignments", "bookings", "observability", "django_q")
        for model in apps.get_app_config(name).get_models()
        if not model._meta.proxy
    ]
    sql("SET session_replication_role = replica")
    for table in tables:
        sql(f"DELETE FROM {table}")
    sql("SET session_replication_role = DEFAULT")


class Assignment(RuleBasedStateMachine):
    """Guests, staff, workers and failures of one small restaurant."""

    restaurant: Restaurant

    @initialize()
    def open_restaurant(self) -> None:
        empty_database()
        flags.forget()
        mail.outbox.clear()
        services.set_cohort(percentage=100, now=timezone.now(), **WHY)
        self.restaurant = serving_restaurant(2, 2, 4, join=True)

    # Guests and staff

    @rule(party=st.integers(1, 8), hour=st.sampled_from([19, 20]), days=st.integers(1, 2))
    def create(self, party: int, hour: int, days: int) -> None:
        start = timezone.now().replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=days)
        try:
            receive(self.restaurant, now=timezone.now(), party_size=party, start=start)
        except IntakeError:
            assert party > self.restaurant.max_party_auto

    @precondition(lambda self: Booking.objects.exists())
    @rule(choice=st.data())
    def cancel(self, choice: st.DataObject) -> None:
        booking = self._some(choice)
        try:
            cancel(booking_id=booking.pk, now=timezone.now())
        except CancellationError:
            assert booking.status not in ("pending", "confirmed")

    @precondition(lambda self: Booking.objects.exists())
    @rule(
        choice=st.data(),
        party=st.integers(1, 6),
        hour=st.sampled_from([19, 20]),
        on_no_seating=st.sampled_from(["refuse", "review"]),
    )
    def change(
        self, choice: st.DataObject, party: int, hour: int, on_no_seating: changes.OnNoSeating
    ) -> None:
        booking = self._some(choice)
        wish = BookingChange(party_size=party, start=booking.start_at.replace(hour=hour))
        try:
            changes.change(booking_id=booking.pk, wish=wish, now=timezone.now(), on_no_seating=on_no_seating)
        except changes.ChangeError:
            assert booking.status not in ("pending", "confirmed", "checked_in")
        except IntakeError:
            assert booking.status == "checked_in"
        except NoSeatingError:
            assert on_no_seating == "refuse"

    @rule(party=st.integers(1, 6))
    def walk_in(self, party: int) -> None:
        with suppress(NoSeatingError, IntakeError):  # full, or closed at this hour
            walk_in(restaurant=self.restaurant, party_size=party, now=timezone.now())

    @precondition(lambda self: ChangeWish.objects.filter(status="open").exists())
    @rule(accepting=st.booleans())
    def decide_wish(self, accepting: bool) -> None:
        wish = ChangeWish.objects.filter(status="open").latest("pk")
        user, _ = User.objects.get_or_create(username="staff")
        decide = wish_decisions.accept if accepting else wish_decisions.decline
        with suppress(NoSeatingError, IntakeError):  # no table yet; its time has passed
            decide(wish_id=wish.pk, now=timezone.now(), actor_id=user.pk)

    @precondition(lambda self: Booking.objects.exists())
    @rule(choice=st.data())
    def pin(self, choice: st.DataObject) -> None:
        Booking.objects.filter(pk=self._some(choice).pk).update(locked=True)

    @precondition(lambda self: Booking.objects.filter(status="confirmed").exists())
    @rule(choice=st.data(), leaves=st.booleans())
    def serve(self, choice: st.DataObject, leaves: bool) -> None:
        booking = self._some(choice, status="confirmed")
        service_time.check_in(booking_id=booking.pk, now=timezone.now())
        if leaves:
            service_time.complete(booking_id=booking.pk, now=timezone.now())

    @rule(choice=st.data(), days=st.integers(1, 2))
    def block_table(self, choice: st.DataObject, days: int) -> None:
        table = choice.draw(st.sampled_from(list(self.restaurant.tables.order_by("pk"))))
        start = timezone.now() + timedelta(days=days - 1)
        place_block(
            table=table, start=start, end=start + timedelta(days=1), reason="broken", now=timezone.now()
        )

    @rule(choice=st.data(), leaves=st.booleans())
    def change_floor_plan(self, choice: st.DataObject, leaves: bool) -> None:
        table = choice.draw(st.sampled_from(list(self.restaurant.tables.order_by("pk"))))
        (deactivate_table if leaves else reactivate_table)(table_id=table.pk, now=timezone.now())

    @precondition(lambda self: TableBlock.objects.exists())
    @rule()
    def lift_block(self) -> None:
        service_time.lift_block(block_id=TableBlock.objects.latest("pk").pk)

    @rule(percentage=st.sampled_from([0, 50, 100]))
    def flip_cohort(self, percentage: int) -> None:
        services.set_cohort(percentage=percentage, now=timezone.now(), **WHY)
        flags.forget()

    @rule(kill=st.booleans())
    def flip_kill(self, kill: bool) -> None:
        (services.kill if kill else services.revive)(now=timezone.now(), **WHY)
        flags.forget()

    @rule(on=st.booleans())
    def flip_shadow(self, on: bool) -> None:
        services.set_shadow(on=on, now=timezone.now(), **WHY)
        flags.forget()

    # Workers

    @precondition(lambda self: OrmQ.objects.exists())
    @rule(choice=st.data(), again=st.booleans())
    def work(self, choice: st.DataObject, again: bool) -> None:
        """A worker takes some task, due or not; `again`: it is delivered once more later."""
        row = choice.draw(st.sampled_from(list(OrmQ.objects.order_by("pk"))))
        run(row)
        if not again:
            row.delete()

    @precondition(lambda self: Booking.objects.exists())
    @rule(choice=st.data())
    def redeliver(self, choice: st.DataObject) -> None:
        process_booking(booking_id=self._some(choice).pk, trigger="redelivery")

    @precondition(lambda self: Booking.objects.exclude(assignment_state__in=FINAL).exists())
    @rule(choice=st.data(), stage=st.integers(1, STAGES), lost=st.booleans())
    def kill_worker(self, choice: st.DataObject, stage: int, lost: bool) -> None:
        """A worker dies in a run, somewhere between its commits; with it, maybe, the booking's tasks."""
        booking = self._some(choice, assignment_state__in=unfinished_states())
        try:
            process_booking(booking_id=booking.pk, trigger="doomed", edge=dying(stage))
        except Killed:
            if lost:
                OrmQ.objects.all().delete()

    # Time and recovery

    @rule()
    def expire_leases(self) -> None:
        sql("UPDATE assignment_slots SET lease_until = now() - interval '1 s' WHERE token IS NOT NULL")

    @rule()
    def flush_redis(self) -> None:
        forget_redis()

    @rule(patient=st.booleans())
    def sweep(self, patient: bool) -> None:
        overdue = timedelta(hours=1) if patient else timedelta(0)
        sweep(now=timezone.now(), overdue_after=overdue)

    @invariant()
    def invariants_hold(self) -> None:
        if hasattr(self, "restaurant"):
            assert breaches(unfinished=True, evidence=mails()) == {}

    def teardown(self) -> None:
        """Nothing more goes wrong: everything gets final."""
        if not hasattr(self, "restaurant"):
            return
        self.settle()
        assert breaches(evidence=mails()) == {}

    def settle(self) -> None:
        for _ in range(ROUNDS):
            for row in OrmQ.objects.order_by("pk"):
                run(row)
                row.delete()
            if not OrmQ.objects.exists() and not self._unfinished():
                return
            self.expire_leases()
            forget_redis()  # the locks of the dead have lapsed
            # So has the time that the legacy planner leaves a run, and that of every retry.
            sql("UPDATE bookings SET next_attempt_at = now() WHERE next_attempt_at > now()")
            sql("UPDATE outbox_messages SET due_at = now() - interval '1 hour' WHERE status = 'pending'")
            sql("UPDATE outbox_messages SET claimed_at = now() - interval '1 hour' WHERE status = 'inflight'")
            sweep(now=timezone.now(), overdue_after=timedelta(0))
            delivery.mark_stale()
            delivery.requeue_overdue()
        raise AssertionError(f"still not final: {self._unfinished()}")

    @staticmethod
    def _unfinished() -> list[str | None]:
        return list(
            Booking.objects.exclude(assignment_state__in=FINAL).values_list("assignment_state", flat=True)
        )

    @staticmethod
    def _some(choice: st.DataObject, **which: Any) -> Booking:
        return choice.draw(st.sampled_from(list(Booking.objects.filter(**which).order_by("pk"))))


def unfinished_states() -> list[str]:
    return ["created", "capacity_verified", "assignment_pending", "assignment_in_progress", "assigned"]


def run(row: OrmQ) -> None:
    """Run a queued task as a worker does."""
    task: Callable[..., Any] = import_string(row.task["func"])
    task(*row.task["args"])


def mails() -> Evidence:
    return Evidence(
        mails=[message.extra_headers["Message-ID"] for message in mail.outbox],
        mails_read_at=timezone.now() + timedelta(minutes=1),
    )


def forget_redis() -> None:
    """Lose every key of this test run."""
    caches["default"].delete_pattern("*")  # type: ignore[attr-defined]


@pytest.fixture
def unpinned(settings: Any) -> Iterator[None]:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    flags.forget()
    yield
    flags.forget()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(1, int(os.environ.get("CHAOS_SEEDS", "1")) + 1))
def test_whatever_happens_the_invariants_hold(committed_db: None, unpinned: None, number: int) -> None:
    machine = seed(number)(Assignment)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )
