"""The audit: who did what over every log, in order, within scope, and as a file."""

import csv
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments.flags import proposals, services
from assignments.flags.authors import Author
from assignments.flags.wanted import Action, Wanted
from assignments.rollout import ledger
from bookings.models import Booking, BookingMove, Restaurant, StaffRestaurant, StateChange
from config.console.audit import sources
from config.console.audit.sources import SOURCES, Key, entries, every_entry, key_of
from tests.factories import receive, serving_restaurant
from tests.integration.console.conftest import SignIn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_pinned")]

PAGE = "/audit/"
SEE, EXPORT = "observability.view_audit", "observability.export_audit"


@pytest.fixture
def worker() -> User:
    return User.objects.create(username="grace")


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 4, name="Trattoria")


def acted(booking: Booking, user: User, message: str = "Floor: checked in.") -> LogEntry:
    return LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Booking),
        object_id=str(booking.pk),
        object_repr=booking.reference,
        action_flag=CHANGE,
        change_message=message,
    )


def all_sources(house: Restaurant, user: User, settings: Any) -> Booking:
    """One row of each."""
    now, booking = timezone.now(), receive(house)
    acted(booking, user)
    StateChange.objects.create(
        booking=booking, from_state="created", to_state="manual_review", version=2, actor=user, reason="staff"
    )
    tables = list(house.tables.order_by("number").values_list("pk", flat=True))
    BookingMove.objects.create(
        booking=booking, from_tables=tables[:1], to_tables=tables[1:], cause="staff", actor=user
    )
    settings.ENVIRONMENT = "production"
    proposals.change(
        wanted=Wanted(action=Action.SHADOW, on=True), seen_version=0, reason="to compare", user=user, now=now
    )
    services.set_override(
        restaurant_id=house.pk, percentage=40, reason="a try", by=Author(name="guard"), now=now
    )
    ledger.append("phase.remarked", {}, phase=None, by=Author(name="engineer"), now=now)
    return booking


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def scoped(client: Client, *houses: Restaurant) -> Client:
    """The person works for these only."""
    user = User.objects.get(username="ada")
    user.user_permissions.remove(*user.user_permissions.filter(codename="every_restaurant"))
    StaffRestaurant.objects.bulk_create(StaffRestaurant(user=user, restaurant=house) for house in houses)
    return client


def test_every_source_tells_who_what_before_and_after(
    house: Restaurant, worker: User, sign_in: SignIn, settings: Any
) -> None:
    booking = all_sources(house, worker, settings)
    found = entries(sources.Wanted(), below=None, most=50)
    assert {entry.key.source for entry in found} == set(SOURCES)
    told = {entry.key.source: entry for entry in found}
    numbers = list(house.tables.order_by("number").values_list("number", flat=True))
    assert told["actions"].what == "Floor: checked in."
    assert (told["states"].before, told["states"].after) == ("created", "manual review")
    assert (told["moves"].before, told["moves"].after) == tuple(numbers)
    assert (told["flags"].before, told["flags"].after, told["flags"].actor) == ("", "40 %", "guard")
    assert told["proposals"].reason == "to compare"
    assert (told["decisions"].actor, told["decisions"].after) == ("", "void")
    html = page(sign_in(SEE, "bookings.view_booking"))
    assert f"/bookings/timeline/{booking.reference}/" in html
    assert "By itself" in html


def test_the_log_of_flags_is_not_told_twice(worker: User, sign_in: SignIn) -> None:
    now = timezone.now()
    wanted = Wanted(action=Action.LIMIT, limit=2)
    proposals.change(wanted=wanted, seen_version=0, reason="calm", user=worker, now=now)
    assert LogEntry.objects.count() == 1
    assert [entry.key.source for entry in entries(sources.Wanted(), below=None, most=9)] == ["flags"]


def test_filters_narrow_by_who_about_source_place_and_time(
    house: Restaurant, worker: User, sign_in: SignIn, settings: Any
) -> None:
    booking = all_sources(house, worker, settings)
    other = serving_restaurant(2, name="Elsewhere")
    elsewhere = acted(receive(other), worker, "Floor: walked in.")
    LogEntry.objects.filter(pk=elsewhere.pk).update(action_time=timezone.now() - timedelta(days=20))
    client = sign_in(SEE)
    assert "walked in" not in page(client)
    assert "walked in" in page(client, f"?range=all&restaurant={other.pk}")
    assert "40 %" not in page(client, "?who=GRACE")
    assert "checked in" in page(client, "?who=GRACE")
    assert "40 %" not in page(client, f"?about={booking.reference.lower()}")
    assert "checked in" not in page(client, "?source=flags")
    assert "Nobody did anything here" in page(client, "?who=nobody")


@pytest.mark.parametrize(
    "query",
    ["?before=x", "?before=2027~flags~1", "?before=2027-01-01T00:00:00~flags~1", "?who=%00", "?source=odd"],
)
def test_an_address_that_means_nothing_is_no_error(query: str, sign_in: SignIn) -> None:
    page(sign_in(SEE), query)


def test_pages_neither_repeat_nor_lose_a_row(house: Restaurant, worker: User, settings: Any) -> None:
    """Also where many rows are of one instant, in one source and over several."""
    all_sources(house, worker, settings)
    booking = receive(house)
    for number in range(7):
        acted(booking, worker, f"Note {number}.")
    instant = timezone.now() - timedelta(hours=1)
    LogEntry.objects.update(action_time=instant)
    whole = [entry.key for entry in entries(sources.Wanted(), below=None, most=100)]
    for size in (1, 2, 5):
        assert [entry.key for entry in every_entry(sources.Wanted(), chunk=size)] == whole
    assert len(set(whole)) == len(whole)


def test_a_key_survives_its_address() -> None:
    key = Key(at=timezone.now(), source="flags", id=7)
    assert key_of(str(key)) == key


def test_who_works_elsewhere_sees_nothing_of_it(
    house: Restaurant, worker: User, sign_in: SignIn, settings: Any
) -> None:
    booking = all_sources(house, worker, settings)
    mine = serving_restaurant(2, name="Mine")
    acted(receive(mine), worker, "Floor: walked in.")
    client = scoped(sign_in(SEE, EXPORT), mine)
    for query in ("", f"?restaurant={house.pk}", "?range=all", "?source=flags"):
        html = page(client, query)
        assert booking.reference not in html
        assert "Trattoria" not in html
        assert "to compare" not in html
    assert "walked in" in page(client)
    text = b"".join(client.get(f"{PAGE}export/?range=all")).decode()
    assert "walked in" in text
    assert booking.reference not in text


def test_the_export_holds_every_row_and_is_logged(house: Restaurant, worker: User, sign_in: SignIn) -> None:
    booking = receive(house)
    acted(booking, worker, "=HYPERLINK(1)")
    for number in range(60):
        acted(booking, worker, f"Note {number}.")
    client = sign_in(SEE, EXPORT)
    answer = client.get(f"{PAGE}export/?who=grace")
    rows = list(csv.DictReader(b"".join(answer).decode().splitlines()))
    assert len(rows) == 61
    assert rows[-1]["what"] == "'=HYPERLINK(1)"
    assert datetime.fromisoformat(rows[0]["at"]).tzinfo is not None
    logged = LogEntry.objects.get(user__username="ada")
    assert logged.change_message == "Exported the audit as CSV, filtered by who."


def test_looking_and_exporting_are_rights_apart(sign_in: SignIn) -> None:
    assert sign_in().get(PAGE).status_code == 403
    looks = sign_in(SEE, name="ben")
    assert "Export CSV" not in page(looks)
    assert looks.get(f"{PAGE}export/").status_code == 403


def test_the_page_costs_the_same_for_any_number(house: Restaurant, worker: User, sign_in: SignIn) -> None:
    client = sign_in(SEE)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client)
        return len(captured)

    acted(receive(house), worker)
    queries()
    few = queries()
    for _ in range(4):
        acted(receive(serving_restaurant(2)), worker)
    assert queries() == few
