"""Exports: the list as a file, for those who may, written to the log without anybody's data."""

import csv
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import Booking, BookingStatus, StateChange
from observability.csv_cells import csv_lines, escaped, unescaped
from tests.factories import dinner, receive, serving_restaurant
from tests.integration.admin.booking_rows import event, seated_booking
from tests.integration.admin.conftest import logged_in

BOOKINGS = "admin:bookings_booking_export"
EVENTS = "admin:export_events"


@pytest.fixture
def exporter(db: None) -> Client:
    user = User.objects.create(username="exporter", is_staff=True)
    names = ["view_booking", "export_booking", "view_event", "export_event", "every_restaurant"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return logged_in(user)


def exported(client: Client, name: str, **query: Any) -> list[dict[str, str]]:
    response = client.get(reverse(name), query)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    content = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_a_booking_is_exported_with_local_times_and_tables(exporter: Client) -> None:
    booking = seated_booking()
    (row,) = exported(exporter, BOOKINGS)
    assert row["reference"] == booking.reference
    assert row["restaurant"] == booking.restaurant.slug
    assert row["start"] == "2027-03-05T19:00:00+00:00"
    assert row["requires"] == "window"
    assert len(row["tables"].split(",")) == 2


def test_an_export_honours_filters_and_search(exporter: Client) -> None:
    restaurant = serving_restaurant(4)
    ada, bob = receive(restaurant), receive(restaurant, guest_name="Bob", guest_email="", start=dinner(20))
    Booking.objects.filter(pk=bob.pk).update(status=BookingStatus.CONFIRMED)
    confirmed = exported(exporter, BOOKINGS, status__exact="confirmed")
    assert [row["reference"] for row in confirmed] == [bob.reference]
    assert [row["reference"] for row in exported(exporter, BOOKINGS, q="Ada")] == [ada.reference]
    assert exporter.get(reverse(BOOKINGS), {"party_size__nonsense": "x"}).status_code in (302, 400)


def test_cells_that_look_like_formulas_are_escaped(exporter: Client) -> None:
    receive(
        serving_restaurant(4), guest_name='=HYPERLINK("http://evil")', guest_phone="+44 20", notes="-1\n@x"
    )
    (row,) = exported(exporter, BOOKINGS)
    assert row["name"] == '\'=HYPERLINK("http://evil")'
    assert (row["phone"], row["notes"]) == ("'+44 20", "'-1\n@x")


def test_an_export_is_logged_without_what_was_searched_for(exporter: Client) -> None:
    receive(serving_restaurant(4))
    exported(exporter, BOOKINGS, q="Ada", guest_email="ada@example.org")
    entry = LogEntry.objects.get()
    assert entry.user.username == "exporter"
    assert entry.change_message == "Exported as CSV, filtered by guest_email and searched."


@pytest.mark.parametrize("name", [BOOKINGS, EVENTS])
def test_an_export_needs_its_permission(name: str, viewer: Client, stranger: Client) -> None:
    for client in (viewer, stranger):
        assert client.get(reverse(name)).status_code == 403
    assert Client().get(reverse(name)).status_code == 302
    assert not LogEntry.objects.exists()


def test_the_list_offers_the_export_with_its_filters_to_those_who_may(
    exporter: Client, viewer: Client
) -> None:
    address = reverse("admin:bookings_booking_changelist")
    assert (
        f"{reverse(BOOKINGS)}?locked__exact=1"
        in exporter.get(address, {"locked__exact": "1"}).content.decode()
    )
    assert reverse(BOOKINGS) not in viewer.get(address).content.decode()


def test_an_export_only_reads(exporter: Client) -> None:
    assert exporter.post(reverse(BOOKINGS)).status_code == 405


def test_events_are_exported_as_the_list_shows_them(exporter: Client) -> None:
    booking = seated_booking()
    event(booking)
    rows = exported(exporter, EVENTS, source="assignment.coordinator")
    assert [(row["event_type"], row["context"]) for row in rows] == [
        ("coordinator.noop", '{"reason": "final"}')
    ]


def test_an_export_asks_as_often_for_one_row_as_for_twenty(exporter: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            exported(exporter, BOOKINGS)
        return len(asked)

    seated_booking()
    queries()
    one = queries()
    for _ in range(19):
        seated_booking()
    assert queries() == one


def test_an_export_goes_back_in_as_history(exporter: Client, tmp_path: Any) -> None:
    restaurant = serving_restaurant(4, timezone="Europe/Athens")
    kept = ("reference", "party_size", "start_at", "end_at", "created_at", "status", "channel",
            "guest_name", "guest_email", "guest_phone", "notes", "zone", "requires")  # fmt: skip
    for number, note in enumerate(["plain", "+quick", "'=quoted", 'two\nlines, "and" more', ""]):
        receive(restaurant, zone=restaurant.zones.get(), requires=("window", "quiet"), notes=note,
                guest_phone=f"+30 21{number}")  # fmt: skip
    Booking.objects.update(status=BookingStatus.CANCELLED)
    before = list(Booking.objects.order_by("pk").values_list(*kept))
    lines = exporter.get(reverse(BOOKINGS)).streaming_content  # type: ignore[attr-defined]
    path = tmp_path / "bookings.csv"
    path.write_bytes(b"".join(lines))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        StateChange.objects.all().delete()
        Booking.objects.all().delete()
        cursor.execute("SET session_replication_role = origin")
    call_command("import_bookings", str(path), as_history=True)
    assert sorted(Booking.objects.values_list(*kept)) == sorted(before)
    assert set(Booking.objects.values_list("assignment_state", "assignment_state_version")) == {(None, 0)}


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)))
def test_written_cells_are_read_as_they_were_and_never_as_formulas(rows: list[list[str]]) -> None:
    text = "".join(csv_lines(["a", "b"], rows))
    _, *read = csv.reader(io.StringIO(text, newline=""))
    assert [[unescaped(cell) for cell in row] for row in read] == rows
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in read for cell in row)


@given(st.text())
def test_escaping_twice_is_undone_twice(cell: str) -> None:
    assert unescaped(unescaped(escaped(escaped(cell)))) == cell
