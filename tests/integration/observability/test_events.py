"""Events: what may be written, and how it reads back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from observability import events
from observability.models import Event, Severity
from tests.factories import NOW


def test_a_type_that_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(events.UnknownEventError, match=r"outbox mail\.lost is not in the catalogue"):
        events.Record(source=events.OUTBOX, event_type="mail.lost", at=NOW)


def test_a_type_of_another_source_is_refused() -> None:
    with pytest.raises(events.UnknownEventError, match="catalogue"):
        events.Record(source=events.ENGINE, event_type="mail.sent", at=NOW)


def test_a_key_that_is_not_declared_is_refused_and_its_value_is_not_repeated() -> None:
    with pytest.raises(events.UnknownEventError, match="may not carry guest_email") as refused:
        events.Record(
            source=events.OUTBOX, event_type="mail.sent", at=NOW, context={"guest_email": "ada@example.org"}
        )
    assert "ada@" not in str(refused.value)
    assert "allowed: attempt, kind" in str(refused.value)


def test_no_key_of_the_catalogue_is_named_like_personal_data() -> None:
    keys = {key for types in events.CATALOGUE.values() for allowed in types.values() for key in allowed}
    assert keys & {"guest_name", "guest_email", "guest_phone", "name", "email", "phone", "notes"} == set()


@pytest.mark.django_db
def test_events_are_written_in_order_with_all_they_say() -> None:
    events.record(
        [
            events.Record(
                source=events.OUTBOX,
                event_type="mail.retry",
                severity=Severity.WARNING,
                at=NOW + timedelta(seconds=n),
                restaurant_id=7,
                booking_id=n,
                context={"kind": "confirmation", "attempt": n},
            )
            for n in (1, 2, 3)
        ]
    )
    rows = list(Event.objects.order_by("id").values_list("booking_id", "context", "created_at"))
    assert rows == [
        (n, {"kind": "confirmation", "attempt": n}, NOW + timedelta(seconds=n)) for n in (1, 2, 3)
    ]
    assert set(Event.objects.values_list("source", "event_type", "severity", "restaurant_id")) == {
        ("outbox", "mail.retry", "warning", 7)
    }


@pytest.mark.django_db
def test_nothing_to_tell_is_no_statement(django_assert_num_queries: "object") -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        events.record([])


@pytest.mark.django_db
def test_many_events_are_one_statement(django_assert_num_queries: "object") -> None:
    many = [events.Record(source=events.OUTBOX, event_type="mail.sent", at=NOW) for _ in range(50)]
    with django_assert_num_queries(1):  # type: ignore[operator]
        events.record(many)
    assert Event.objects.count() == 50


@pytest.mark.django_db
def test_events_share_the_fate_of_their_transaction() -> None:
    with transaction.atomic():
        events.record([events.Record(source=events.OUTBOX, event_type="mail.sent", at=NOW)])
        transaction.set_rollback(True)
    assert Event.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("width", "moment", "bucket"),
    [
        ("5 minutes", datetime(2027, 3, 5, 12, 4, 59, tzinfo=UTC), datetime(2027, 3, 5, 12, tzinfo=UTC)),
        ("5 minutes", datetime(2027, 3, 5, 12, 5, tzinfo=UTC), datetime(2027, 3, 5, 12, 5, tzinfo=UTC)),
        ("1 hour", datetime(2027, 3, 5, 12, 59, tzinfo=UTC), datetime(2027, 3, 5, 12, tzinfo=UTC)),
        ("1 day", datetime(2027, 3, 5, 12, tzinfo=UTC), datetime(2027, 3, 5, tzinfo=UTC)),
        # Weeks begin on Monday, as TimescaleDB's do.
        ("7 days", datetime(2027, 3, 5, 12, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)),
        ("1 day", datetime(1999, 12, 31, 23, tzinfo=UTC), datetime(1999, 12, 31, tzinfo=UTC)),
    ],
)
def test_time_bucket_gives_the_start_of_the_bucket(width: str, moment: datetime, bucket: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT time_bucket(%s::interval, %s::timestamptz)", [width, moment])
        assert cursor.fetchone()[0] == bucket


@pytest.mark.django_db
def test_the_documents_panels_group_events_by_time_bucket() -> None:
    for minute in (0, 1, 6):
        events.record(
            [
                events.Record(
                    source=events.COORDINATOR,
                    event_type="coordinator.confirmed",
                    at=NOW + timedelta(minutes=minute),
                )
            ]
        )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT time_bucket('5 minutes', created_at) AS time, count(*) FROM observability_events
            WHERE source = 'assignment.coordinator' AND event_type = 'coordinator.confirmed'
            GROUP BY time ORDER BY time
            """
        )
        assert cursor.fetchall() == [(NOW, 2), (NOW + timedelta(minutes=5), 1)]
