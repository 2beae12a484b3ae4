"""A booking's timeline: what it tells, to whom, and what an export leaves out."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assignments.models import CaseNote, FlagChange, ShadowComparison
from assignments.review.resolutions import requeue
from bookings import moves
from bookings.models import Booking, Restaurant, WebhookDelivery, WebhookEndpoint
from config.console.timeline.story import events_of, story
from config.roles import OPS_AGENT, OPS_LEAD, QA_LEAD
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.review.scenes import agent, claimed, placed
from tests.integration.console.test_floor import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 2)


def path(booking: Booking) -> str:
    return f"/bookings/timeline/{booking.reference}/"


def page(client: Client, booking: Booking, query: str = "") -> str:
    answer = client.get(path(booking) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_states_attempts_and_tables_are_told(house: Restaurant) -> None:
    booking = placed(house)
    shown = page(client_of(OPS_AGENT, house), booking)
    for words in ("Being assigned", "Version 6, confirmed in", "plans kept of", "Tables held", "V3 decides"):
        assert words in shown, words
    assert "data-live=" not in shown


def test_an_unfinished_booking_keeps_itself_fresh(house: Restaurant) -> None:
    assert 'data-live="8"' in page(client_of(OPS_AGENT, house), receive(house))


def test_people_notes_and_cases_are_told_by_name(house: Restaurant) -> None:
    booking, ada = placed(house, party_size=9), agent("ben", "work_review")
    case = claimed(booking, ada)
    CaseNote.objects.create(case=case, author=ada, text="Prefers the window")
    requeue(case_id=case.pk, user=ada, now=NOW)
    shown = page(client_of(OPS_AGENT, house), booking)
    for words in ("ben left a note", "Prefers the window", "Planned again by ben", "1 state change"):
        assert words in shown, words


def test_webhooks_are_for_those_who_may_see_them(house: Restaurant) -> None:
    booking = placed(house)
    endpoint = WebhookEndpoint.objects.create(
        channel="web", url="https://example.org/hook", events=["booking.confirmed"], salt="s"
    )
    WebhookDelivery.objects.create(
        endpoint=endpoint,
        booking=booking,
        event="booking.confirmed",
        version=6,
        start_at=booking.start_at,
        end_at=booking.end_at,
        happened_at=NOW,
    )
    assert "booking.confirmed" in page(client_of(OPS_LEAD, name="lead"), booking)
    assert "Webhooks</h2>" not in page(client_of(OPS_AGENT, house), booking)


def test_both_answers_of_a_shadow_run_stand_side_by_side(house: Restaurant) -> None:
    booking = placed(house)
    table = booking.allocations.get().table
    ShadowComparison.objects.create(
        booking=booking,
        restaurant=house,
        comparison="equivalent",
        legacy_outcome="confirmed",
        legacy_score=0.5,
        legacy_tables=[table.pk],
        v3_outcome="confirmed",
        v3_score=0.9,
        v3_tables=[table.pk],
    )
    shown = page(client_of(QA_LEAD), booking)
    assert "Legacy against V3" in shown
    assert "0.900" in shown


def test_the_flags_of_the_run_are_those_of_its_version(house: Restaurant) -> None:
    booking = placed(house)
    Booking.objects.filter(pk=booking.pk).update(assignment_flag_version=902)
    for version, before, after in ((901, 3, 7), (902, 7, 8), (903, 8, 9)):
        FlagChange.objects.create(
            version=version,
            flag="max_parallel",
            from_value=before,
            to_value=after,
            reason="test",
            author="test",
            created_at=NOW,
        )
    assert "<dt>max_parallel</dt><dd>8</dd>" in page(client_of(QA_LEAD), booking)


def test_events_close_together_are_told_as_one_and_raw_on_demand(house: Restaurant) -> None:
    booking = placed(house)
    events = events_of(booking)
    entries = story(booking, events, [], [])
    assert len(entries) == 1
    assert entries[0].headline == "Confirmed by automation"
    assert len(entries[0].inside) == len(events)
    client = client_of(OPS_AGENT, house)
    assert "Events as recorded" in page(client, booking, "?raw=1")
    assert "Events as recorded" not in page(client, booking)


def test_bookings_of_other_restaurants_are_not_there(house: Restaurant) -> None:
    other = placed(serving_restaurant(2))
    client = client_of(OPS_AGENT, house)
    assert client.get(path(other)).status_code == 404
    assert client.get(f"{path(other)}export/").status_code == 403
    user = User.objects.get(username="ada")
    user.user_permissions.add(Permission.objects.get(codename="export_booking"))
    assert client.get(f"{path(other)}export/").status_code == 404
    assert client.get("/bookings/timeline/B-NOSUCH/").status_code == 404


def test_the_export_holds_the_story_without_the_guest(house: Restaurant) -> None:
    booking = placed(
        house,
        guest_name="Zelda Unique",
        guest_email="zelda@example.org",
        guest_phone="+44 1",
        notes="Nut allergy",
    )
    answer = client_of(OPS_LEAD, name="lead").get(f"{path(booking)}export/")
    text = answer.content.decode()
    told = json.loads(text)
    assert answer["Content-Disposition"] == f'attachment; filename="{booking.reference}.json"'
    assert told["booking"]["reference"] == booking.reference
    assert [row["version"] for row in told["state_history"]] == [1, 2, 3, 4, 5, 6]
    assert told["attempts"][0]["metadata"]["plans"]
    assert told["events"]
    assert told["allocations"]
    assert told["mails"]
    for secret in ("Zelda", "zelda@", "+44", "allergy"):
        assert secret not in text
    assert LogEntry.objects.get(object_id=str(booking.pk)).change_message.startswith("Exported")


def test_imported_history_has_a_page_too(house: Restaurant) -> None:
    booking = placed(house)
    imported = Booking.objects.create(
        restaurant=house,
        reference="B-IMPORT",
        party_size=2,
        start_at=booking.start_at,
        end_at=booking.end_at,
        channel="import",
        status="completed",
    )
    assert "Imported history" in page(client_of(OPS_AGENT, house), imported)


def test_the_pages_of_a_booking_lead_to_it(house: Restaurant) -> None:
    booking = placed(house, party_size=9)
    client = client_of(OPS_LEAD, name="lead")
    case = claimed(booking, User.objects.get(username="lead"))
    for address in (f"/bookings/booking/{booking.pk}/change/", f"/review/cases/{case.pk}/"):
        assert path(booking) in client.get(address).content.decode(), address


def test_the_number_of_queries_does_not_grow_with_the_story(house: Restaurant) -> None:
    placed(house)
    long = placed(house)
    client = client_of(OPS_LEAD, name="lead")
    client.get(path(long))
    with CaptureQueriesContext(connection) as few:
        client.get(path(long))
    user = User.objects.get(username="lead")
    for locked in (True, False, True):
        moves.pin(booking_id=long.pk, locked=locked, now=NOW, actor_id=user.pk)
    for number in range(5):
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(Booking),
            object_id=str(long.pk),
            object_repr="x",
            action_flag=2,
            change_message=str(number),
        )
    with CaptureQueriesContext(connection) as many:
        client.get(path(long))
    assert len(many) <= len(few)
