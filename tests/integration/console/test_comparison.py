"""The comparison explorer: figures of a range, its bookings, and one booking's two plans."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments.engine.compare import Comparison
from assignments.models import ShadowComparison
from bookings.models import Restaurant, StaffRestaurant
from config.console.comparison.classes import CLASSES
from config.console.comparison.figures import Counts, tiles, verdict
from observability import events
from tests.factories import receive, serving_restaurant
from tests.integration.console.conftest import SignIn

pytestmark = pytest.mark.django_db

PAGE = "/comparison/"
SEE = "assignments.view_shadowcomparison"


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 4, name="Trattoria")


def compared(house: Restaurant, kind: str = "match", **fields: Any) -> ShadowComparison:
    """A booking that legacy decided in shadow mode, with its comparison and the events of both."""
    now = timezone.now()
    start = now.replace(hour=19, minute=0, second=0, microsecond=0) + timedelta(days=2)
    booking = receive(house, now=now, start=start)
    tables = list(house.tables.order_by("number").values_list("pk", flat=True))
    row = {
        "comparison": kind,
        "noise": "match",
        "legacy_outcome": "confirmed",
        "legacy_tables": tables[:1],
        "legacy_score": 0.9,
        "v3_outcome": "confirmed",
        "v3_tables": tables[1:],
        "v3_score": 0.95,
        "duration_ms": 12.5,
        "facts_at": now,
        "created_at": now,
    }
    place: dict[str, Any] = {"restaurant_id": house.pk, "booking_id": booking.pk, "at": now}
    events.record(
        [
            events.Record(
                source=events.AUTO_ASSIGN,
                event_type="auto_assign.summary",
                context={"result": "succeeded", "path": "shadow"},
                **place,
            ),
            events.Record(
                source=events.SHADOW,
                event_type="shadow.compared",
                context={"mode": "shadow", "class": kind, "noise_class": "match", "duration_ms": 12.5},
                **place,
            ),
        ]
    )
    return ShadowComparison.objects.create(booking=booking, restaurant=house, **{**row, **fields})


LOST: dict[str, Any] = {
    "v3_outcome": "manual_review", "v3_tables": [], "v3_score": None, "v3_reason": "no_capacity_at_time",
}  # fmt: skip


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_figures_and_bookings_of_a_range(house: Restaurant, sign_in: SignIn) -> None:
    rows = [compared(house, "better"), compared(house, "match"), compared(house, "legacy_only", **LOST)]
    html = page(sign_in(SEE))
    assert "V3 does as well as legacy or better for 2 of 3 bookings that could be seated." in html
    assert "1 would have lost their table" in html
    assert "3 of 3 compared" in html
    for row in rows:
        assert row.booking.reference in html
    assert html.index(rows[2].booking.reference) < html.index(rows[0].booking.reference)
    assert "+0.050" in html


def test_a_class_narrows_the_list_and_not_the_figures(house: Restaurant, sign_in: SignIn) -> None:
    kept, left = compared(house, "better"), compared(house, "match")
    html = page(sign_in(SEE), "?kind=better&range=1")
    assert kept.booking.reference in html
    assert left.booking.reference not in html
    assert "2 of 2 compared" in html


def test_a_restaurant_narrows_both(house: Restaurant, sign_in: SignIn) -> None:
    other = serving_restaurant(2, name="Elsewhere")
    here, there = compared(house), compared(other)
    html = page(sign_in(SEE), f"?restaurant={house.pk}")
    assert here.booking.reference in html
    assert there.booking.reference not in html
    assert "1 of 1 compared" in html


@pytest.mark.parametrize("query", ["?kind=odd", "?range=99", "?restaurant=x%00", "?before=x", "?before=-1"])
def test_a_filter_that_means_nothing_is_told_or_passed_over(
    query: str, house: Restaurant, sign_in: SignIn
) -> None:
    compared(house)
    page(sign_in(SEE), query)


def test_nothing_compared_says_where_comparisons_come_from(sign_in: SignIn) -> None:
    html = page(sign_in(SEE))
    assert "Nothing was compared in this range." in html
    assert "shadow is on for its restaurant" in html


def test_older_ones_are_a_page_away(house: Restaurant, sign_in: SignIn) -> None:
    rows = [compared(house) for _ in range(3)]
    client = sign_in(SEE)
    html = page(client, f"?before={rows[1].pk}")
    assert rows[0].booking.reference in html
    assert rows[1].booking.reference not in html
    assert "Newest</a>" in html


def test_two_plans_stand_side_by_side(house: Restaurant, sign_in: SignIn) -> None:
    other = receive(house)
    tables = list(house.tables.order_by("number"))
    moves = [{"booking": other.pk, "from": [tables[0].pk], "to": [tables[1].pk]}]
    row = compared(house, "better", v3_moves=moves, v3_strategy="reseat", v3_rung="reseat")
    html = sign_in(SEE, "bookings.view_booking").get(f"{PAGE}{row.pk}/").content.decode()
    assert "Better: V3&#x27;s tables score higher." in html
    assert f"{other.reference}: {tables[0].number} to {tables[1].number}" in html
    assert html.count('class="bar--') == 4
    assert f"/bookings/timeline/{row.booking.reference}/" in html


def test_an_answer_that_is_missing_is_told_with_its_reason(house: Restaurant, sign_in: SignIn) -> None:
    row = compared(house, "candidate_error", v3_outcome=None, v3_tables=[], v3_score=None, detail="error")
    client = sign_in(SEE)
    html = client.get(f"{PAGE}{row.pk}/").content.decode()
    assert "No answer because" in html
    assert "V3 broke on 1 of 1 bookings." in page(client)


def test_who_works_elsewhere_sees_neither_rows_nor_figures(house: Restaurant, sign_in: SignIn) -> None:
    row, mine = compared(house), compared(serving_restaurant(2, name="Mine"))
    client = sign_in(SEE)
    user = User.objects.get()
    user.user_permissions.remove(*user.user_permissions.filter(codename="every_restaurant"))
    StaffRestaurant.objects.create(user=user, restaurant=mine.restaurant)
    html = page(client)
    assert mine.booking.reference in html
    assert "1 of 1 compared" in html
    for secret in (row.booking.reference, "Trattoria"):
        assert secret not in html
    assert row.booking.reference not in page(client, f"?restaurant={house.pk}")
    assert client.get(f"{PAGE}{row.pk}/").status_code == 404
    assert client.get(f"{PAGE}{mine.pk}/").status_code == 200


def test_without_the_right_there_is_nothing(sign_in: SignIn) -> None:
    client = sign_in()
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}1/").status_code == 403


def test_the_page_costs_the_same_for_any_number(house: Restaurant, sign_in: SignIn) -> None:
    client = sign_in(SEE)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client)
        return len(captured)

    compared(house)
    queries()
    few = queries()
    for kind in ("match", "better", "worse"):
        compared(serving_restaurant(2, 4), kind)
    assert queries() == few


def test_every_class_has_a_look() -> None:
    assert set(CLASSES) == set(Comparison)


@pytest.mark.parametrize(
    ("classes", "tone"),
    [
        ({}, "unknown"),
        ({"match": 5, "worse": 1}, "good"),
        ({"match": 5, "legacy_only": 1}, "watch"),
        ({"match": 5, "legacy_only": 1, "timeout": 1}, "critical"),
        ({"skipped": 5}, "unknown"),
    ],
)
def test_the_gravest_thing_is_said(classes: dict[str, int], tone: str) -> None:
    assert verdict(Counts(classes=classes, noise={}, eligible=6)).tone == tone


def test_tiles_print_what_they_are_made_of() -> None:
    found = Counts(
        classes={"match": 90, "legacy_only": 4, "v3_only": 1, "both_failed": 5, "skipped": 2},
        noise={"match": 97, "worse": 3},
        eligible=102,
    )
    made = {tile.label: (tile.made_of, tile.tone) for tile in tiles(found)}
    assert made == {
        "Coverage": ("100 / 102", "watch"),
        "Seated by legacy": ("94 / 100", "unknown"),
        "Seated by V3": ("91 / 100", "watch"),
        "V3 broken": ("0 / 100", "good"),
        "Noise floor": ("3 / 100", "unknown"),
    }
