"""The frame around every page: theme, find, keys, and every page's accessibility."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.accessibility import findings
from tests.browser.conftest import PHONE, WIDE, Opens
from tests.factories import receive, serving_restaurant

Person = Callable[..., User]

PAGES = [
    "/",
    "/bookings/booking/",
    "/bookings/booking/add/",
    "/bookings/restaurant/add/",
    "/bookings/table/",
    "/observability/event/",
    "/find/?q=nothing",
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    theme: str, size: tuple[int, int], person: Person, opens: Opens
) -> None:
    booking = receive(serving_restaurant(4))
    user = person()
    page = opens(user, "/", theme=theme, size=size)
    for path in [*PAGES, f"/bookings/booking/{booking.pk}/change/"]:
        page.goto(path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_slash_goes_to_find_and_a_reference_to_its_booking(person: Person, opens: Opens) -> None:
    booking = receive(serving_restaurant(4))
    page = opens(person(), "/")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type(booking.reference.lower())
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/bookings/booking/{booking.pk}/change/")


def test_question_mark_opens_the_sheet_of_keys_and_they_can_be_switched_off(
    person: Person, opens: Opens
) -> None:
    page = opens(person(), "/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys on this page")
    expect(sheet).to_contain_text("Find a booking or restaurant")
    assert findings(page) == []
    sheet.get_by_label("Single keys act on this device").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#find")).not_to_be_focused()


def test_the_login_page_is_accessible(opens: Opens, committed_db: None) -> None:
    page = opens(None, "/login/")
    assert findings(page) == []


def test_the_page_refreshes_itself_and_waits_while_somebody_works_in_it(person: Person, opens: Opens) -> None:
    restaurant = serving_restaurant(4)
    page = opens(person(), "/")
    page.clock.install()
    page.reload()
    status = page.locator("[data-live-status]")
    receive(restaurant)
    page.clock.fast_forward(11_000)
    expect(page.locator("#live tbody").last).to_contain_text("B-")

    page.locator("#live a").first.focus()
    page.clock.fast_forward(2_000)
    expect(status).to_contain_text("Paused while you work in it")
    other = receive(restaurant)
    page.clock.fast_forward(60_000)
    expect(page.locator("#live")).not_to_contain_text(other.reference)

    page.locator("#find").focus()
    page.clock.fast_forward(2_000)
    expect(page.locator("#live")).to_contain_text(other.reference)
    expect(status).to_contain_text("Updated")


def test_the_list_of_bookings_fits_its_page_even_with_long_names(person: Person, opens: Opens) -> None:
    house = serving_restaurant(4, name="Brasserie du Canal")
    booking = receive(
        house, guest_name="Bartholomew Featherstonehaugh", requires=["accessible", "high_chair"]
    )
    type(booking).objects.filter(pk=booking.pk).update(locked=True)
    page = opens(person(), "/bookings/booking/")
    widths = page.locator(".results").evaluate("list => [list.scrollWidth, list.clientWidth]")
    assert widths[0] == widths[1]
