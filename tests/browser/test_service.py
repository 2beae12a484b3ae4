"""A service's pages as people use them: the queue, a case, the floor."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from assignments.coordinator import process_booking
from assignments.models import ReviewCase
from assignments.review import best_fixes
from bookings import state_machine
from bookings.models import Booking, Restaurant
from bookings.state_machine import Step
from bookings.states import State
from observability.alerts.evaluation import Sample
from observability.alerts.policy import CONFIRMATION_LOW, RULES, STUCK
from observability.alerts.watch import look
from tests.browser.accessibility import findings
from tests.browser.conftest import PHONE, WIDE, Opens
from tests.factories import receive, serving_restaurant
from tests.integration.assignments.stuck.scenes import age

Person = Callable[..., User]


def tomorrow(hour: int) -> datetime:
    day = timezone.now() + timedelta(days=1)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def booked(house: Restaurant, hour: int = 19) -> Booking:
    return receive(house, now=timezone.now(), start=tomorrow(hour), guest_email="guest@example.org")


def in_review(house: Restaurant, hour: int = 19) -> ReviewCase:
    """An open case that a free table would settle."""
    booking = booked(house, hour)
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.MANUAL_REVIEW, reason="attempts_exhausted")],
        at=timezone.now(),
    )
    case = ReviewCase.objects.get(booking=booking)
    best_fixes.find_fixes(case_id=case.pk, now=timezone.now())
    return case


def seated(house: Restaurant, hour: int = 19) -> Booking:
    booking = booked(house, hour)
    process_booking(booking_id=booking.pk, trigger="test")
    return booking


@pytest.fixture
def house(committed_db: None) -> Restaurant:
    return serving_restaurant(2, 2, 4, join=True)


@pytest.mark.parametrize(
    ("theme", "size"), [("light", WIDE), ("dark", WIDE), ("light", PHONE), ("dark", PHONE)]
)
def test_axe_finds_nothing_on_the_pages_of_a_service(
    theme: str, size: tuple[int, int], house: Restaurant, person: Person, opens: Opens
) -> None:
    booking, case = seated(house), in_review(house, 20)
    age(booked(house, 21), minutes=20)
    day = f"{tomorrow(19):%Y-%m-%d}"
    page = opens(person(), "/review/", theme=theme, size=size)
    for path in (
        "/review/",
        "/review/?view=snoozed",
        f"/review/cases/{case.pk}/",
        "/health/",
        "/explorer/",
        f"/explorer/?span=7d&path=v3&restaurant={house.pk}",
        "/events/",
        "/events/?reference=B-404",
        f"/floor/?r={house.pk}&day={day}",
        f"/floor/?r={house.pk}&day={day}&b={booking.pk}",
        "/stuck/",
        f"/bookings/timeline/{booking.reference}/",
        f"/bookings/timeline/{case.booking.reference}/?raw=1",
    ):
        page.goto(path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_ten_cases_are_worked_by_keyboard_alone_and_the_last_one_taken_back(
    person: Person, opens: Opens, committed_db: None
) -> None:
    house = serving_restaurant(2, 2, 2, 2, 2)
    cases = [in_review(house, hour) for hour in (17, 19) for _ in range(5)]
    page = opens(person(), "/review/")
    page.keyboard.press("n")
    page.wait_for_url("**/review/cases/*/")
    for _ in cases:
        expect(page.get_by_role("button", name="Use this fix").first).to_be_visible()
        before = page.url
        page.wait_for_load_state()
        page.keyboard.press("1")
        page.wait_for_url(lambda url, before=before: url != before)  # type: ignore[misc]
    expect(page.get_by_text("Nobody waits")).to_be_visible()
    assert not ReviewCase.objects.filter(closed_at__isnull=True).exists()
    page.wait_for_load_state()  # the keys listen once the page is whole
    page.keyboard.press("u")
    expect(page.get_by_text("Undone")).to_be_visible()
    assert ReviewCase.objects.filter(closed_at__isnull=True).count() == 1


def test_a_table_taken_between_suggestion_and_click_is_told_and_the_note_kept(
    person: Person, opens: Opens, committed_db: None
) -> None:
    house = serving_restaurant(2)
    case = in_review(house)
    page = opens(person(), f"/review/cases/{case.pk}/")
    page.get_by_label("Add a note").fill("Prefers the window")
    seated(house)
    page.get_by_role("button", name="Use this fix").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(page.get_by_label("Add a note")).to_have_value("Prefers the window")


def test_two_people_at_one_case_see_each_other_and_one_may_act(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    case = in_review(house)
    first = opens(person(name="ada"), f"/review/cases/{case.pk}/")
    second = opens(person(name="ben"), f"/review/cases/{case.pk}/")
    expect(second.get_by_text("works on this case")).to_be_visible()
    expect(second.get_by_role("button", name="Use this fix")).to_have_count(0)
    second.get_by_role("button", name="Take over").click()
    expect(second.get_by_text("Yours, renewed")).to_be_visible()
    first.get_by_role("button", name="Use this fix").first.click()
    expect(first.get_by_role("alert")).to_contain_text("ben works on")


def test_the_queue_waits_while_a_row_is_ticked(house: Restaurant, person: Person, opens: Opens) -> None:
    case = in_review(house)
    page = opens(person(), "/review/")
    page.clock.install()
    page.reload()
    box = page.get_by_label(f"Tick {case.booking.reference}")
    box.check()
    in_review(house, 21)
    page.clock.fast_forward(60_000)
    expect(page.locator("[data-live-status]")).to_contain_text("Paused while 1 row is ticked")
    expect(box).to_be_checked()
    expect(page.locator("a[data-row]")).to_have_count(1)
    box.uncheck()
    page.locator("#find").focus()
    page.clock.fast_forward(10_000)
    expect(page.locator("a[data-row]")).to_have_count(2)


def test_ticked_cases_are_previewed_before_anything_happens(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    case = in_review(house)
    page = opens(person(), "/review/")
    expect(page.get_by_role("region", name="Bulk actions")).to_be_hidden()
    page.get_by_label(f"Tick {case.booking.reference}").check()
    page.get_by_role("button", name="Turn down", exact=True).click()
    expect(page.get_by_text("Nothing has been done yet")).to_be_visible()
    page.get_by_role("button", name="Turn down, 1 case").click()
    expect(page.get_by_text("1 done")).to_be_visible()


def test_a_booking_is_moved_on_the_floor_by_two_clicks(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    booking = seated(house)
    before = booking.allocations.get(active=True).table_id
    page = opens(person(), f"/floor/?r={house.pk}&day={tomorrow(19):%Y-%m-%d}")
    page.locator(".floor__plot a").first.click()
    expect(page.get_by_role("region", name="Chosen booking")).to_contain_text(booking.reference)
    page.get_by_role("button", name="Move to").first.click()
    expect(page.get_by_text("sits elsewhere now")).to_be_visible()
    assert booking.allocations.get(active=True).table_id != before


def test_an_alert_is_acknowledged_on_a_page_that_axe_has_nothing_against(
    person: Person, opens: Opens
) -> None:
    readings: dict[str, float | None] = {rule.key: rule.good for rule in RULES}
    readings |= {STUCK.key: 3, CONFIRMATION_LOW.key: None}
    look(
        now=timezone.now(),
        reads={
            key: lambda _, value=value: Sample(value=value, detail="2 created, 1 assigned")  # type: ignore[misc]
            for key, value in readings.items()
        },
    )
    ada = person()
    for theme, size in (("light", WIDE), ("dark", PHONE)):
        page = opens(ada, "/alerts/", theme=theme, size=size)
        assert findings(page) == [], theme
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], theme
    page.get_by_role("button", name=f"Acknowledge: {STUCK.title}").click()
    expect(page.get_by_text("by ada")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page.get_by_text("No data", exact=True)).to_have_count(1)


def test_a_stuck_booking_is_requeued_after_a_dry_run(house: Restaurant, person: Person, opens: Opens) -> None:
    booking = booked(house)
    age(booking, minutes=20)
    page = opens(person(), "/stuck/")
    page.get_by_role("button", name=f"Requeue {booking.reference}").click()
    expect(page.get_by_text("Dry run: nothing has been done yet")).to_be_visible()
    page.get_by_role("button", name="Requeue, 1 booking").click()
    expect(page.get_by_text("1 of 1 done")).to_be_visible()
    page.get_by_role("link", name=booking.reference).click()
    expect(page.get_by_role("heading", name=f"Booking {booking.reference}")).to_be_visible()
    expect(page.locator(".track .now")).to_contain_text("Waiting for a worker")
