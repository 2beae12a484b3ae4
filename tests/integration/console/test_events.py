"""The list of events: pages by key, filters, scope, cost, and the export."""

import csv
import io
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.models import Restaurant
from config.console.events.page import PAGE_SIZE
from observability import events
from observability.event_pages import Key, newer, older
from observability.models import Event, Severity
from tests.factories import receive, serving_restaurant
from tests.integration.console.conftest import SignIn
from tests.integration.console.test_explorer import works_at

pytestmark = pytest.mark.django_db

PAGE = "/events/"
NOW = timezone.now()


@pytest.fixture
def client(sign_in: SignIn) -> Client:
    return sign_in("observability.view_event", "observability.export_event")


def tell(
    *ages: timedelta,
    house: Restaurant | None = None,
    booking: int | None = None,
    source: str = events.COORDINATOR,
    event_type: str = "coordinator.noop",
    severity: Severity = Severity.INFO,
) -> None:
    events.record(
        [
            events.Record(
                source=source,
                event_type=event_type,
                severity=severity,
                at=NOW - age,
                restaurant_id=house.pk if house else None,
                booking_id=booking,
            )
            for age in ages
        ]
    )


def ids(client: Client, query: str = "") -> list[int]:
    return [row.id for row in client.get(f"{PAGE}{query}").context["rows"]]


@given(ages=st.lists(st.integers(-100, 3_000_000), max_size=25), size=st.integers(1, 7))
@settings(max_examples=30)
def test_pages_older_and_newer_go_through_every_event_once_in_order_of_time(
    ages: list[int], size: int
) -> None:
    first = Event.objects.order_by("-id").values_list("pk", flat=True).first() or 0
    tell(*(timedelta(seconds=age) for age in ages))
    rows = Event.objects.filter(pk__gt=first)
    wanted = list(rows.order_by("-created_at", "-id").values_list("pk", flat=True))
    page = older(rows, than=None, now=NOW, size=size)
    down = [event.pk for event in page.events]
    while page.is_older:
        last = page.events[-1]
        page = older(rows, than=Key(at=last.created_at, id=last.pk), now=NOW, size=size)
        down += [event.pk for event in page.events]
    assert down == wanted
    up = [event.pk for event in page.events]
    while page.events and page.is_newer:
        top = page.events[0]
        page = newer(rows, than=Key(at=top.created_at, id=top.pk), now=NOW, size=size)
        up = [event.pk for event in page.events] + up
    assert up == wanted


def test_pages_lead_on_by_links_that_keep_the_filters(client: Client) -> None:
    tell(*(timedelta(minutes=number) for number in range(PAGE_SIZE + 5)))
    tell(timedelta(0), event_type="coordinator.start")
    first = client.get(PAGE, {"event_type": "coordinator.noop"})
    assert len(first.context["rows"]) == PAGE_SIZE
    assert first.context["newer_url"] == ""
    second = client.get(PAGE + first.context["older_url"])
    assert len(second.context["rows"]) == 5
    assert dict(parse_qsl(second.context["newer_url"][1:]))["event_type"] == "coordinator.noop"
    assert second.context["older_url"] == ""
    back = client.get(PAGE + second.context["newer_url"])
    assert [row.id for row in back.context["rows"]] == [row.id for row in first.context["rows"]]


def test_what_is_written_meanwhile_moves_nothing(client: Client) -> None:
    tell(*(timedelta(minutes=number) for number in range(PAGE_SIZE + 5)))
    older_url = client.get(PAGE).context["older_url"]
    before = ids(client, older_url)
    tell(timedelta(0), timedelta(0))
    assert ids(client, older_url) == before


def test_filters_narrow_by_restaurant_booking_type_source_severity_and_time(client: Client) -> None:
    house, other = serving_restaurant(2), serving_restaurant(2)
    booking = receive(house)
    hour = timedelta(hours=1)
    tell(hour, house=house, booking=booking.pk)
    tell(hour, house=other, severity=Severity.ERROR, event_type="coordinator.error")
    tell(2 * hour, source=events.FLAGS, event_type="flag.killed")
    tell(50 * hour)
    every = ids(client)
    assert len(every) == 4
    a_day = f"{NOW - 24 * hour:%Y-%m-%dT%H:%M}"
    assert (
        ids(client, f"?restaurant={house.pk}")
        == ids(client, f"?reference={booking.reference.lower()}")
        == every[1:2]
    )
    assert ids(client, "?event_type=coordinator.error") == ids(client, "?severity=error") == every[:1]
    assert ids(client, "?source=flags") == every[2:3]
    assert ids(client, "?source=assignment.coordinator") == [every[0], every[1], every[3]]
    assert ids(client, f"?since={a_day}") == every[:3]
    assert ids(client, f"?until={a_day}") == every[3:]


@pytest.mark.parametrize(
    "query",
    ["?source=x", "?event_type=x", "?since=yesterday", "?restaurant=0", "?reference=B-404", "?severity=x"],
)
def test_what_cannot_be_searched_or_is_not_there_finds_nothing(client: Client, query: str) -> None:
    tell(timedelta(0))
    assert ids(client, query) == []


@pytest.mark.parametrize("key", ["x", "1-", "-1", "9" * 30 + "-1", "1-1&above=1-1"])
def test_a_key_that_cannot_be_read_or_lies_beyond_all_is_no_error(client: Client, key: str) -> None:
    tell(timedelta(0))
    assert client.get(f"{PAGE}?below={key}").status_code == 200
    assert client.get(f"{PAGE}?above=99999999999999999-1").status_code == 200


def test_whoever_works_for_some_restaurants_sees_theirs(db: None) -> None:
    own, other = serving_restaurant(2), serving_restaurant(2)
    booking = receive(other)
    tell(timedelta(0), house=own)
    tell(timedelta(0), house=other, booking=booking.pk)
    tell(timedelta(0))
    client = works_at(own)
    assert len(ids(client)) == 1
    assert ids(client, f"?restaurant={other.pk}") == ids(client, f"?reference={booking.reference}") == []


def test_a_page_costs_the_same_for_few_and_many_events(client: Client) -> None:
    tell(timedelta(seconds=1))
    client.get(PAGE)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        return len(queries)

    few = cost()
    tell(*(timedelta(seconds=number / 10) for number in range(200)))
    assert cost() <= few <= 18


def test_it_takes_the_permission_to_view_events(sign_in: SignIn) -> None:
    assert sign_in("bookings.view_booking").get(PAGE).status_code == 403


def test_the_export_honours_the_filters_and_is_logged(client: Client) -> None:
    house = serving_restaurant(2)
    tell(timedelta(minutes=1), timedelta(minutes=2), house=house)
    tell(timedelta(0), event_type="coordinator.start")
    page = client.get(PAGE, {"restaurant": house.pk})
    assert f"/events/export/?restaurant={house.pk}" in page.content.decode()
    answer = client.get("/events/export/", {"restaurant": house.pk})
    lines = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(lines, newline="")))
    assert [row["restaurant_id"] for row in rows] == [str(house.pk)] * 2
    assert client.get("/events/export/", {"since": "x"}).status_code == 302
