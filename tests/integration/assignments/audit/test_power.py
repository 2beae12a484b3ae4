"""The audit's power: each invariant is broken by hand, and exactly its line turns to BREACH."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from assignments.audit import Evidence, Finding, Verdict, audit
from assignments.coordinator import process_booking
from assignments.edge import Edge
from assignments.models import ShadowComparison
from bookings.cancellation import cancel
from bookings.models import Booking, OutboxMessage
from bookings.outbox import delivery
from observability import events
from tests.factories import NOW, dinner, receive, serving_restaurant

pytestmark = pytest.mark.django_db

EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)
NAMES = ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8"]


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def bookings() -> list[Booking]:
    """A sound database: three bookings confirmed and told so, then the last one cancelled.

    The session then acts as a replica, which takes off triggers and foreign keys, as no application can.
    """
    restaurant = serving_restaurant(2, 2, 4, 4)
    taken = [receive(restaurant, start=dinner(18 + n)) for n in range(3)]
    for booking in taken:
        process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    for mail in OutboxMessage.objects.all():
        delivery.send(mail.pk)
    cancel(booking_id=taken[2].pk, now=NOW)
    for mail in OutboxMessage.objects.filter(status="pending"):
        delivery.send(mail.pk)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET LOCAL session_replication_role = replica")
    for booking in taken:
        booking.refresh_from_db()
    return taken


def evidence(*, but: Sequence[str] = (), more: Sequence[str] = (), accepted: Sequence[str] = ()) -> Evidence:
    """A mail log that agrees with the outbox but for `but` and `more`, and accepted references."""
    sent = OutboxMessage.objects.filter(status="sent").values_list("message_id", flat=True)
    return Evidence(
        mails=[*(mail for mail in sent if mail not in but), *more],
        mails_read_at=datetime.now(UTC) + timedelta(minutes=1),
        accepted=[*Booking.objects.values_list("reference", flat=True), *accepted],
    )


def breached(found: Sequence[Finding]) -> list[str]:
    return [finding.invariant for finding in found if finding.verdict is Verdict.BREACH]


def audited(**changes: Any) -> Sequence[Finding]:
    return audit(within=None, evidence=evidence(**changes))


def test_a_sound_database_passes_every_invariant(bookings: list[Booking]) -> None:
    found = audited()

    assert [finding.invariant for finding in found] == NAMES
    assert {finding.verdict for finding in found} == {Verdict.OK}


Break = Callable[[Booking], None]


def hold_another_ones_table(booking: Booking) -> None:
    """Its own second allocation, of the same table and time: the constraint has to go first."""
    sql("ALTER TABLE booking_table_allocations DROP CONSTRAINT allocations_never_overlap")
    sql(
        """INSERT INTO booking_table_allocations
               (restaurant_id, booking_id, table_id, period, active, created_at)
           SELECT restaurant_id, booking_id, table_id,
                  tstzrange(upper(period) - interval '1 s', upper(period) + interval '1 h'), true, now()
           FROM booking_table_allocations WHERE booking_id = %s""",
        booking.pk,
    )


def lose_the_table(booking: Booking) -> None:
    sql("UPDATE booking_table_allocations SET active = false WHERE booking_id = %s", booking.pk)


def keep_a_table_after_cancelling(booking: Booking) -> None:
    last = Booking.objects.get(status="cancelled")
    sql("UPDATE booking_table_allocations SET active = true WHERE booking_id = %s", last.pk)


def take_in_another(booking: Booking) -> None:
    receive(booking.restaurant, start=dinner(20))


def forget_the_mail(booking: Booking) -> None:
    sql("DELETE FROM outbox_messages WHERE booking_id = %s", booking.pk)


def promise_the_mail_twice(booking: Booking) -> None:
    sql("ALTER TABLE outbox_messages DROP CONSTRAINT outbox_once")
    sql(
        """INSERT INTO outbox_messages (booking_id, kind, revision, status, due_at, attempts, message_id,
                                        last_error, created_at, sent_at)
           SELECT booking_id, kind, revision, status, due_at, attempts, '<twice@table-assignment>',
                  last_error, created_at, sent_at FROM outbox_messages WHERE booking_id = %s""",
        booking.pk,
    )


def promise_a_mail_for_nothing(booking: Booking) -> None:
    sql(
        """INSERT INTO outbox_messages (booking_id, kind, revision, status, due_at, attempts, message_id,
                                        last_error, created_at, sent_at)
           VALUES (%s, 'confirmation', 2, 'sent', now(), 1, '<nothing@table-assignment>', '', now(),
                   now())""",
        booking.pk,
    )


def leave_the_mail_lying(booking: Booking) -> None:
    sql("UPDATE outbox_messages SET status = 'pending', sent_at = NULL WHERE booking_id = %s", booking.pk)


def lose_a_row_of_history(booking: Booking) -> None:
    sql("DELETE FROM booking_assignment_state_history WHERE booking_id = %s AND version = 3", booking.pk)
    sql(
        "DELETE FROM observability_events WHERE booking_id = %s AND context->>'version' = '3'"
        " AND source = 'assignment.state_machine'",
        booking.pk,
    )


def jump_a_state(booking: Booking) -> None:
    """created → assignment_pending: history and events agree, and yet it is no legal transition."""
    history = "booking_assignment_state_history"
    sql(f"DELETE FROM {history} WHERE booking_id = %s AND version = 2", booking.pk)
    sql(f"UPDATE {history} SET from_state = 'created' WHERE booking_id = %s AND version = 3", booking.pk)
    for version in range(3, 7):  # one by one: a single statement may meet them in an order that collides
        sql(
            f"UPDATE {history} SET version = version - 1 WHERE booking_id = %s AND version = %s",
            booking.pk,
            version,
        )
    told = "booking_id = %s AND source = 'assignment.state_machine' AND (context->>'version')::int"
    sql(f"DELETE FROM observability_events WHERE {told} = 2", booking.pk)
    sql(
        f"""UPDATE observability_events SET context = context || '{{"from": "created"}}' WHERE {told} = 3""",
        booking.pk,
    )
    sql(
        "UPDATE observability_events SET context = context ||"
        f" jsonb_build_object('version', (context->>'version')::int - 1) WHERE {told} > 2",
        booking.pk,
    )
    sql(
        "UPDATE bookings SET assignment_state_version = assignment_state_version - 1 WHERE id = %s",
        booking.pk,
    )


def drift_from_history(booking: Booking) -> None:
    lose_the_table(booking)
    sql("UPDATE bookings SET assignment_state = 'manual_review' WHERE id = %s", booking.pk)


def lose_an_event(booking: Booking) -> None:
    sql(
        "DELETE FROM observability_events WHERE booking_id = %s AND source = 'assignment.state_machine'"
        " AND context->>'version' = '4'",
        booking.pk,
    )


def tell_an_event_twice(booking: Booking) -> None:
    sql(
        """INSERT INTO observability_events (source, event_type, severity, context, booking_id, created_at)
           SELECT 'auto_assign', 'auto_assign.transition', severity, context, booking_id, created_at
           FROM observability_events WHERE booking_id = %s AND source = 'assignment.state_machine'
           AND context->>'version' = '4'""",
        booking.pk,
    )


def run_four_at_once(booking: Booking) -> None:
    sql(
        """UPDATE assignment_slots SET token = gen_random_uuid(), booking_id = -number,
                  lease_until = clock_timestamp() + interval '1 minute'
           WHERE restaurant_id = %s AND number <= 4""",
        booking.restaurant_id,
    )


def compare(booking: Booking) -> None:
    ShadowComparison.objects.create(booking=booking, restaurant=booking.restaurant, comparison="match")


def let_shadow_write_an_attempt(booking: Booking) -> None:
    sql(
        """INSERT INTO booking_assignment_attempts
               (booking_id, attempt_no, result, reason, metadata, created_at)
           VALUES (%s, 9, 'failure', 'error', '{"mode": "shadow"}', now())""",
        booking.pk,
    )


def let_a_comparison_touch_the_booking(booking: Booking) -> None:
    compare(booking)
    sql("UPDATE bookings SET updated_at = now() WHERE id = %s", booking.pk)


def tell_of_a_shadow_run_without_comparison(booking: Booking) -> None:
    events.record(
        [
            events.Record(
                source=events.STATE_MACHINE,
                event_type="booking.assignment_state_transition",
                at=NOW,
                booking_id=booking.pk,
                context={"from": "created", "to": "capacity_verified", "version": 2, "mode": "shadow"},
            )
        ]
    )


BREAKS: list[tuple[str, str, Break]] = [
    ("I1", "i1_overlap", hold_another_ones_table),
    ("I1", "i1_seated", lose_the_table),
    ("I1", "i1_seated", keep_a_table_after_cancelling),
    ("I2", "i2_unfinished", take_in_another),
    ("I3", "i3_promised", forget_the_mail),
    ("I3", "i3_once", promise_the_mail_twice),
    ("I3", "i3_grounded", promise_a_mail_for_nothing),
    ("I3", "i3_unsent", leave_the_mail_lying),
    ("I4", "i4_complete", lose_a_row_of_history),
    ("I4", "i4_legal", jump_a_state),
    ("I4", "i4_complete", drift_from_history),
    ("I5", "i5_events", lose_an_event),
    ("I5", "i5_events", tell_an_event_twice),
    ("I6", "i6_leases", run_four_at_once),
    ("I8", "i8_marks", let_shadow_write_an_attempt),
    ("I8", "i8_together", let_a_comparison_touch_the_booking),
    ("I8", "i8_told", tell_of_a_shadow_run_without_comparison),
]


@pytest.mark.parametrize(("invariant", "check", "breaking"), BREAKS, ids=[b.__name__ for _, _, b in BREAKS])
def test_a_broken_invariant_is_the_one_that_is_named(
    bookings: list[Booking], invariant: str, check: str, breaking: Break
) -> None:
    breaking(bookings[0])

    found = audited()

    assert breached(found) == [invariant]
    (line,) = [finding for finding in found if finding.invariant == invariant]
    assert check in [breach.check for breach in line.breaches]
    assert all(breach.ids for breach in line.breaches)


def test_a_comparison_and_what_it_tells_are_all_that_shadow_may_write(bookings: list[Booking]) -> None:
    with transaction.atomic():  # its own, as in a worker
        compare(bookings[0])
        tell_of_a_shadow_run_without_comparison(bookings[0])

    assert breached(audited()) == []


def test_mails_the_log_has_twice_too_many_or_too_few_break_i3(bookings: list[Booking]) -> None:
    mail = OutboxMessage.objects.filter(kind="confirmation").first()
    assert mail is not None

    assert breached(audited(more=[mail.message_id])) == ["I3"]
    assert breached(audited(more=["<confirmation.999.6@table-assignment>"])) == ["I3"]
    assert breached(audited(but=[mail.message_id])) == ["I3"]
    assert breached(audited(more=["<password-reset@somewhere.example>"])) == []


def test_a_mail_sent_after_the_log_was_read_is_not_missed_in_it(bookings: list[Booking]) -> None:
    earlier = Evidence(mails=[], mails_read_at=datetime.now(UTC) - timedelta(minutes=1))

    assert breached(audit(within=None, evidence=earlier)) == []


def test_a_mail_that_people_sent_again_stands_in_the_log_under_an_id_of_its_own(
    bookings: list[Booking],
) -> None:
    mail = OutboxMessage.objects.filter(kind="confirmation").first()
    assert mail is not None
    OutboxMessage.objects.filter(pk=mail.pk).update(resends=1)
    mail.refresh_from_db()
    again = mail.current_message_id

    assert breached(audited(more=[again])) == []
    assert breached(audited(more=[again], but=[mail.message_id])) == []
    assert breached(audited()) == ["I3"]  # sent for the second time, and not in the log
    assert breached(audited(more=[again, again])) == ["I3"]
    assert breached(audited(more=[again, again.replace(".r1@", ".r2@")])) == ["I3"]


def test_an_unclear_mail_is_shown_and_is_no_breach(bookings: list[Booking]) -> None:
    mail = OutboxMessage.objects.filter(kind="confirmation").first()
    assert mail is not None
    OutboxMessage.objects.filter(pk=mail.pk).update(status="unknown", sent_at=None)

    for found in (audited(), audited(more=[mail.message_id])):
        assert breached(found) == []
        assert mail.message_id in str(next(line for line in found if line.invariant == "I3"))


def test_an_accepted_reference_that_is_not_there_breaks_i7(bookings: list[Booking]) -> None:
    found = audited(accepted=["B-NEVER1"])

    assert breached(found) == ["I7"]
    assert "references B-NEVER1" in str(found[6])


def test_imported_history_takes_no_part(bookings: list[Booking]) -> None:
    booking = receive(bookings[0].restaurant, start=dinner(21))
    sql("DELETE FROM booking_assignment_state_history WHERE booking_id = %s", booking.pk)
    sql("UPDATE bookings SET assignment_state = NULL, assignment_state_version = 0 WHERE id = %s", booking.pk)

    assert breached(audited()) == []


def test_a_completed_booking_has_given_its_table_back(bookings: list[Booking]) -> None:
    lose_the_table(bookings[0])
    sql("UPDATE bookings SET status = 'completed' WHERE id = %s", bookings[0].pk)

    assert breached(audited()) == []


def test_time_for_a_booking_counts_from_when_it_came_back_from_a_final_state(
    bookings: list[Booking],
) -> None:
    """Received long ago, requeued just now: still in time; received long ago and never done: late."""
    waiting = receive(bookings[0].restaurant, start=dinner(21))
    mail_excepted = ("I3",)
    for moment, late in ((timedelta(minutes=10), True), (timedelta(minutes=1), False)):
        sql(
            "UPDATE booking_assignment_state_history SET created_at = clock_timestamp() - %s"
            " WHERE booking_id = %s",
            moment,
            waiting.pk,
        )
        found = audit(within=timedelta(minutes=2), without=mail_excepted)
        assert breached(found) == (["I2"] if late else [])


def test_up_to_ten_ids_are_shown(bookings: list[Booking]) -> None:
    for hour in range(12):
        receive(bookings[0].restaurant, start=dinner(20, day=hour + 1))

    (breach,) = audited()[1].breaches

    assert len(breach.ids) == 10
    assert "and more" in str(breach)
