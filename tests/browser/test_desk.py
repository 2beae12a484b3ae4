"""What goes wrong at the desk, as people meet it: too late to undo, half a bulk, a table that was taken."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Resolution
from assignments.review.claims import claim
from bookings.allocations import held_tables
from bookings.models import Restaurant
from config.roles import OPS_AGENT
from tests.browser.accessibility import findings
from tests.browser.conftest import PHONE, WIDE, Opens
from tests.browser.test_service import in_review, seated, tomorrow
from tests.factories import serving_restaurant
from tests.integration.assignments.review.scenes import let_window_pass
from tests.integration.console.test_wishes_page import wished

Person = Callable[..., User]


@pytest.fixture
def house(committed_db: None) -> Restaurant:
    return serving_restaurant(2, 2, 4, join=True)


def resolve(page: Page) -> None:
    page.get_by_role("button", name="Use this fix").first.click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.wait_for_load_state()  # keys and toast begin once the page is whole


def test_after_the_window_nothing_is_undone_and_the_toast_has_left(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    case = in_review(house)
    page = opens(person(), f"/review/cases/{case.pk}/")
    resolve(page)
    let_window_pass(Resolution.objects.get())
    page.keyboard.press("u")
    expect(page.get_by_text("stays as it is")).to_be_visible()
    assert not Resolution.objects.filter(undone_at__isnull=False).exists()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_the_toast_leaves_when_its_seconds_are_over(house: Restaurant, person: Person, opens: Opens) -> None:
    case = in_review(house)
    page = opens(person(), f"/review/cases/{case.pk}/")
    page.clock.install()
    resolve(page)
    page.clock.fast_forward(11_000)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_bulk_that_fails_in_part_says_so_row_by_row(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    ours, theirs = in_review(house), in_review(house, 21)
    page = opens(person(), "/review/")
    for case in (ours, theirs):
        page.get_by_label(f"Tick {case.booking.reference}").check()
    page.get_by_role("button", name="Requeue", exact=True).click()
    claim(case_id=theirs.pk, user=person(name="ben"), now=timezone.now())
    page.get_by_role("button", name="Requeue, 2 cases").click()
    expect(page.get_by_text("1 done, 2 asked for")).to_be_visible()
    expect(page.get_by_role("row", name=theirs.booking.reference)).to_contain_text("ben works on")
    expect(page.get_by_role("row", name=ours.booking.reference)).to_contain_text("Done")
    assert findings(page) == []


def test_focus_in_the_queue_stays_where_it_is_while_others_come(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    case = in_review(house)
    page = opens(person(), "/review/")
    page.clock.install()
    page.reload()
    page.keyboard.press("j")
    row = page.get_by_role("link", name=case.booking.reference)
    expect(row).to_be_focused()
    in_review(house, 21)
    page.clock.fast_forward(60_000)
    expect(page.locator("[data-live-status]")).to_contain_text("Paused while you work in it")
    expect(row).to_be_focused()
    expect(page.locator("a[data-row]")).to_have_count(1)


def test_a_party_without_a_table_is_seated_by_two_clicks_on_the_floor_and_taken_back(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    case = in_review(house)
    page = opens(person(), f"/floor/?r={house.pk}&day={tomorrow(19):%Y-%m-%d}")
    page.get_by_role("link", name="needs people").click()
    expect(page.get_by_role("region", name="Chosen booking")).to_contain_text("Waits for people")
    assert findings(page) == []
    page.locator("a[data-takes]").first.click()
    expect(page.locator(".toast")).to_contain_text(f"{case.booking.reference} is seated")
    assert held_tables(case.booking)
    page.wait_for_load_state()  # the keys listen once the page is whole
    page.keyboard.press("u")
    expect(page.get_by_text("Undone")).to_be_visible()
    assert not held_tables(case.booking)


@pytest.mark.parametrize(("theme", "size"), [("light", WIDE), ("dark", PHONE)])
def test_a_change_asked_for_is_refused_then_left_on_a_page_that_axe_has_nothing_against(
    theme: str, size: tuple[int, int], person: Person, opens: Opens, committed_db: None
) -> None:
    wish = wished(serving_restaurant(2, 4))
    page = opens(person(), "/review/", theme=theme, size=size)
    page.get_by_role("link", name="Changes asked for").click()
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.get_by_role("button", name=f"Change it as wished: {wish.booking.reference}").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    page.get_by_role("button", name=f"Leave it as it is: {wish.booking.reference}").click()
    expect(page.get_by_text("Nobody asked for a change")).to_be_visible()


def test_the_floor_tells_who_was_faster_and_is_worked_without_a_pointer(
    person: Person, opens: Opens, committed_db: None
) -> None:
    house = serving_restaurant(2, 2)
    case = in_review(house)
    page = opens(person(), f"/floor/?r={house.pk}&day={tomorrow(19):%Y-%m-%d}")
    page.get_by_text("Same data as a table").focus()
    page.keyboard.press("Enter")
    page.get_by_role("table").get_by_role("link", name=case.booking.reference).focus()
    page.keyboard.press("Enter")
    seat = page.get_by_role("button", name="Seat at").first
    expect(seat).to_be_visible()
    other = seated(house)
    seat.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(f"held by another booking ({other.reference}")
    assert findings(page) == []
    page.get_by_role("button", name="Seat at").first.press("Enter")
    expect(page.locator(".toast")).to_contain_text("is seated")


@pytest.mark.parametrize(("theme", "size"), [("light", WIDE), ("dark", PHONE)])
def test_axe_finds_nothing_on_what_is_empty_forbidden_missing_broken_or_in_conflict(
    theme: str,
    size: tuple[int, int],
    person: Person,
    opens: Opens,
    committed_db: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = person(OPS_AGENT, "ben")
    page = opens(person(), "/review/", theme=theme, size=size)
    states = {
        "/review/": "Nobody waits",
        "/review/?party=9": "No case here",
        "/floor/": "No restaurant to show",
        "/stuck/": "Nothing is stuck",
        "/review/wishes/": "Nobody asked for a change",
        "/find/?q=nobody": "nobody",
        "/review/cases/1/": "not found",
        "/nowhere/": "not found",
    }
    for path, words in states.items():
        page.goto(path)
        expect(page.locator("main")).to_contain_text(words, ignore_case=True)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path

    house = serving_restaurant(2)
    case = in_review(house)
    page.goto(f"/review/cases/{case.pk}/")
    seated(house)
    page.get_by_role("button", name="Use this fix").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    assert findings(page) == [], "conflict"

    monkeypatch.setattr("config.console.review.queue_page.counts", lambda **_: 1 / 0)
    page.goto("/review/")
    assert findings(page) == [], "error"
    forbidden = opens(agent, "/health/", theme=theme, size=size)
    assert findings(forbidden) == [], "no permission"
