"""Everything a client can get wrong, each with its documented answer."""

import json
from typing import Any

import pytest

from bookings.api.parsing import LARGEST_BODY
from bookings.models import Booking, Restaurant
from tests.factories import receive, serving_restaurant
from tests.integration.bookings.api.conftest import Caller, refused
from tests.integration.bookings.api.wishes import tomorrow_at, wish


@pytest.mark.parametrize(
    "body",
    [
        '{"restaurant": ', "\x00", b"\xff\xfe", "[" * 30_000,
        '{"party_size": NaN}', '{"party_size": ' + "9" * 5000 + "}",
        "{'restaurant': 'anchor'}",
    ],
    ids=["cut off", "NUL", "no UTF-8", "deep", "NaN", "huge number", "single quotes"],
)  # fmt: skip
def test_malformed_json(web: Caller, body: Any) -> None:
    problem = refused(web.post("bookings", body), 400)
    assert problem["type"] == "urn:problem-type:table-assignment:invalid"
    assert "body is" in problem["detail"]


def test_a_field_that_is_there_twice(web: Caller) -> None:
    """Of two values nobody knows which was meant; a proxy may have checked the first."""
    body = json.dumps(wish())[:-1] + ', "party_size": 3}'
    assert "party_size" in refused(web.post("bookings", body), 400)["detail"]
    assert Booking.objects.count() == 0


@pytest.mark.parametrize("body", [[], "text", 5, None, True])
def test_json_that_is_no_object(web: Caller, body: Any) -> None:
    refused(web.post("bookings", json.dumps(body)), 400, "body")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("party_size", "2"), ("party_size", 2.0), ("party_size", True), ("party_size", None),
        ("party_size", 0),
        ("party_size", -3), ("party_size", 10**30), ("party_size", [2]),
        ("restaurant", 5), ("restaurant", None), ("restaurant", ""), ("restaurant", {"id": 1}),
        ("start", "tomorrow"), ("start", "2027-03-05"), ("start", "2027-02-30T19:00"), ("start", 1741201200),
        ("start", "2027-03-05T19:00+25:00"), ("start", "2027-03-05 19:00"), ("start", None), ("start", ["x"]),
        ("end", "later"), ("zone", 5), ("zone", ""),
        ("guest_name", 5), ("guest_name", None), ("guest_name", "x" * 201), ("guest_name", "NUL \x00"),
        ("guest_name", "\ud800"), ("guest_email", ["a@example.org"]), ("notes", "x" * 2001),
    ],
    ids=repr,
)  # fmt: skip
def test_wrong_types_and_forms(web: Caller, field: str, value: Any) -> None:
    refused(web.post("bookings", wish(**{field: value})), 400, field)
    assert Booking.objects.count() == 0


def test_a_word_that_no_answer_can_carry_is_quoted_without_it(web: Caller) -> None:
    refused(web.post("bookings", wish(requires=["\ud800"])), 400, "requires.0")


def test_a_number_past_all_floats_is_no_party(web: Caller) -> None:
    body = json.dumps(wish()).replace('"party_size": 2', '"party_size": 1e400')
    refused(web.post("bookings", body), 400, "party_size")


@pytest.mark.parametrize(
    ("value", "fields"),
    [("window", ["requires"]), (["sea_view"], ["requires.0"]), ([None], ["requires.0"]), ({}, ["requires"])],
    ids=repr,
)
def test_wrong_needs(web: Caller, value: Any, fields: list[str]) -> None:
    refused(web.post("bookings", wish(requires=value)), 400, *fields)


@pytest.mark.parametrize(
    ("field", "value", "way_out"),
    [
        ("guest_email", "nobody", "name@example.org"),
        ("start", "2001-03-05T19:00", "choose a later time"),
        ("start", "9999-03-05T19:00", "too far ahead"),
        ("start", "0001-01-01T00:00+14:00", "check the date"),
        ("end", "2001-03-05T19:00", "give a later one"),
        ("end", tomorrow_at(19, 14).isoformat(), "15 minutes or longer"),
    ],
)
def test_what_the_rules_of_intake_refuse(web: Caller, field: str, value: str, way_out: str) -> None:
    assert way_out in refused(web.post("bookings", wish(**{field: value})), 422, field)["detail"]


def test_unknown_fields_are_refused_by_name(web: Caller) -> None:
    problem = refused(web.post("bookings", wish(partysize=2, **{"\ud800": 1})), 400, "partysize", "?")
    assert "known: restaurant, party_size" in problem["errors"][0]["message"]
    assert Booking.objects.count() == 0


def test_a_change_is_read_as_strictly_as_a_booking(web: Caller) -> None:
    reference = web.post("bookings", wish()).json()["reference"]
    for body, field in (
        ({"partysize": 3}, "partysize"), ({"party_size": "3"}, "party_size"), ({"start": None}, "start"),
        ({"channel": "phone"}, "channel"), ({"on_no_seating": "wait"}, "on_no_seating"),
        ({"requires": None}, "requires"),
    ):  # fmt: skip
        refused(web.patch(f"bookings/{reference}", body), 400, field)
    refused(web.patch(f"bookings/{reference}", []), 400, "body")
    refused(web.patch(f"bookings/{reference}", {"zone": "Roof"}), 422, "zone")
    refused(web.patch(f"bookings/{reference}", {"start": "2001-03-05T19:00"}), 422, "start")


def test_queries_are_read_as_strictly_as_bodies(web: Caller) -> None:
    path, good = "restaurants/anchor/availability", {"party_size": "2", "date": "2027-03-05"}
    refused(web.get(path), 400, "party_size", "date")
    for name, value in (
        ("party_size", "two"), ("party_size", "0"), ("party_size", "2.0"), ("party_size", "٢"), ("size", "2"),
        ("date", "20270305"), ("date", "2027-02-30"), ("party_size", ""), ("date", "tomorrow"),
        ("date", ["2027-03-05"] * 2),
    ):  # fmt: skip
        refused(web.get(path, **{**good, name: value}), 400, name)
    refused(web.get(path, **good, requires=["window", "sea_view"]), 400, "requires.1")
    refused(web.get(path, **good, zone="Roof"), 422, "zone")
    for day in ("9999-12-31", "0001-01-01"):
        refused(web.get(path, **{**good, "date": day}), 422, "date")
    refused(web.get(path, **{**good, "party_size": "13"}), 422, "party_size")


def test_missing_fields_are_named(web: Caller) -> None:
    refused(web.post("bookings", {}), 400, "restaurant", "party_size", "start")
    refused(web.post("bookings"), 400, "restaurant", "party_size", "start")


def test_a_body_that_is_too_large_is_refused_without_being_read(web: Caller) -> None:
    largest = json.dumps(wish())
    assert web.post("bookings", largest + " " * (LARGEST_BODY - len(largest))).status_code == 201
    refused(web.post("bookings", largest + " " * (LARGEST_BODY + 1 - len(largest))), 413)
    refused(web.post("bookings", b"x" * 3_000_000), 413)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_a_body_that_is_not_json_is_refused_by_its_content_type(web: Caller, content_type: str) -> None:
    response = web.client.generic(
        "POST", "/api/v1/bookings", json.dumps(wish()), content_type=content_type,
        headers={"Authorization": f"Bearer {web.secret}"},
    )  # fmt: skip
    refused(response, 415)


@pytest.mark.parametrize(
    "path",
    ["", "nothing", "bookings/", "bookings/B-222222", "bookings/%00", "bookings/%FF",
     "bookings/B-222222/cancel",
     "restaurants/elsewhere", "restaurants/999999999999999999999", "restaurants/%00/floor-plan"],
)  # fmt: skip
def test_addresses_with_nothing_behind(web: Caller, path: str) -> None:
    method = "POST" if path.endswith("cancel") else "GET"
    detail = refused(web.send(method, path), 404)["detail"]
    assert "check the" in detail or "lists those that are" in detail


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "bookings"), ("PUT", "bookings/B-222222"), ("GET", "bookings/B-222222/cancel"),
     ("OPTIONS", "bookings"),     ("POST", "restaurants")],
)  # fmt: skip
def test_methods_an_address_does_not_take(web: Caller, method: str, path: str) -> None:
    response = web.send(method, path)
    refused(response, 405)
    assert response.headers["Allow"]


def test_clock_changes(web: Caller) -> None:
    """27 March 2033 has no 01:30 in London, 30 October 2033 has two."""
    skipped = refused(web.post("bookings", wish(start="2033-03-27T01:30")), 422, "start")
    assert "does not exist" in skipped["detail"]
    twice = refused(web.post("bookings", wish(start="2033-10-30T01:30")), 422, "start")
    assert "write it with an offset" in twice["detail"]


def test_a_failure_nobody_foresaw_is_answered_without_details(
    web: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("Ada Guest")

    monkeypatch.setattr("bookings.api.views.bookings.receive", fail)
    problem = refused(web.post("bookings", wish()), 500)
    assert "Ada" not in str(problem)


def test_a_host_name_that_is_not_ours_gets_a_problem_too(web: Caller) -> None:
    response = web.client.get("/api/v1/bookings", headers={"Host": "elsewhere.example"})
    refused(response, 400)


def test_a_booking_of_another_restaurant_is_not_there(web: Caller) -> None:
    foreign = receive(serving_restaurant(2))
    refused(web.get(f"bookings/{foreign.reference}"), 404)
    for step in ("cancel", "check-in", "complete", "no-show"):
        refused(web.post(f"bookings/{foreign.reference}/{step}"), 404)
    assert Booking.objects.get().status == "pending"


def test_another_restaurant_cannot_be_booked_or_looked_at(web: Caller, restaurant: Restaurant) -> None:
    foreign = serving_restaurant(2)
    for named in (foreign.slug, str(foreign.pk)):
        refused(web.post("bookings", wish(restaurant=named)), 404)
        refused(web.get(f"restaurants/{named}"), 404)
        refused(web.get(f"restaurants/{named}/floor-plan"), 404)
    assert [one["slug"] for one in web.get("restaurants").json()] == [restaurant.slug]
    assert web.get("bookings", restaurant=foreign.slug).json()["results"] == []
