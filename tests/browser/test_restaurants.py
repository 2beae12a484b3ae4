"""The restaurants' pages as people use them: looking, editing, being warned, being second."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from bookings.models import Restaurant, Table
from bookings.states import State
from config.roles import OPS_LEAD
from tests.browser.accessibility import findings
from tests.browser.conftest import PHONE, WIDE, Opens
from tests.browser.test_service import seated
from tests.factories import TableFactory, serving_restaurant

Person = Callable[..., User]


@pytest.fixture
def house(committed_db: None) -> Restaurant:
    return serving_restaurant(2, 2, 4, join=True)


@pytest.mark.parametrize(("theme", "size"), [("light", WIDE), ("dark", PHONE)], ids=["wide", "phone"])
def test_axe_finds_nothing_on_any_page_or_state(
    theme: str, size: tuple[int, int], house: Restaurant, person: Person, opens: Opens
) -> None:
    booking = seated(house)
    table = booking.allocations.get(active=True).table
    TableFactory(zone=table.zone, active=False, movable=False)
    page = opens(person(), "/restaurants/", theme=theme, size=size)

    def sound(state: str) -> None:
        assert findings(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], state

    sound("list")
    page.goto("/restaurants/?q=nothing-like-it")
    sound("nothing found")
    page.goto(f"/restaurants/{house.pk}/")
    expect(page.get_by_text("2 guests").first).to_be_visible()
    sound("restaurant")
    for address in (f"neighbours/{table.pk}", f"{house.pk}/combination", f"{house.pk}/block"):
        page.goto(f"/restaurants/{address}/")
        sound(address)
    page.goto(f"/restaurants/table/{table.pk}/")
    sound("form")
    page.get_by_role("button", name="Take out of service").click()
    expect(page.get_by_role("alert")).to_contain_text(booking.reference)
    sound("preview")
    page.goto(f"/restaurants/table/{table.pk}/")
    Table.objects.filter(pk=table.pk).update(number="Elsewhere")
    page.get_by_role("spinbutton", name="Seats").fill("0")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    sound("conflict")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("At least 1.")).to_be_visible()
    sound("mistake")


def test_a_table_made_smaller_warns_and_then_sends_its_booking_back_into_assignment(
    person: Person, opens: Opens, committed_db: None
) -> None:
    house = serving_restaurant(2)
    booking = seated(house)
    table = booking.allocations.get(active=True).table
    page = opens(person(OPS_LEAD), f"/restaurants/{house.pk}/")
    page.get_by_role("link", name=f"Edit table {table.number}").click()
    for name in ("Seats", "Largest party alone"):
        page.get_by_role("spinbutton", name=name).fill("1")
    page.get_by_role("button", name="Save", exact=True).click()
    warning = page.get_by_role("alert")
    expect(warning).to_contain_text("1 booking would be touched")
    expect(warning).to_contain_text(booking.reference)
    expect(warning).to_contain_text("Back into assignment")
    booking.refresh_from_db()
    assert booking.assignment_state == State.CONFIRMED
    warning.get_by_role("button", name="Save all the same").click()
    expect(page.get_by_role("status")).to_contain_text("1 back into assignment")
    booking.refresh_from_db()
    assert booking.assignment_state == State.ASSIGNMENT_PENDING


def test_the_second_of_two_editors_is_told_who_was_first_and_keeps_what_he_wrote(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    table = house.tables.get(capacity=4)
    address = f"/restaurants/table/{table.pk}/"
    first = opens(person(OPS_LEAD, name="ada"), address)
    second = opens(person(OPS_LEAD, name="ben"), address)
    first.get_by_label("Number").fill("Window")
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.get_by_role("status")).to_contain_text("Table Window changed")
    second.get_by_role("spinbutton", name="Seats").fill("6")
    second.get_by_role("button", name="Save", exact=True).click()
    conflict = second.get_by_role("alert")
    expect(conflict).to_contain_text("ada changed it")
    expect(conflict).to_contain_text("Window")
    expect(second.get_by_role("spinbutton", name="Seats")).to_have_value("6")
    table.refresh_from_db()
    assert (table.number, table.capacity) == ("Window", 4)


def test_neighbours_are_edited_by_keyboard_alone(house: Restaurant, person: Person, opens: Opens) -> None:
    one, other = house.tables.order_by("pk")[0], house.tables.order_by("pk")[2]
    page = opens(person(OPS_LEAD), f"/restaurants/{house.pk}/")
    _tab_to(page, f"Neighbours of table {one.number}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/restaurants/neighbours/{one.pk}/")
    _tab_to(page, f"{other.number}, 4 seats")
    page.keyboard.press("Space")
    _tab_to(page, "Save")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/restaurants/{house.pk}/#tables")
    expect(page.get_by_role("status")).to_contain_text("changed")
    near = page.get_by_role("row", name=f"{one.number} ").first
    expect(near).to_contain_text(other.number)


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called so; a page that never gets there fails."""
    focused = """() => {
        const at = document.activeElement;
        return at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent.trim() ?? at.textContent.trim();
    }"""
    for _ in range(120):
        if page.evaluate(focused) == name:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{name} is not reached by Tab")
