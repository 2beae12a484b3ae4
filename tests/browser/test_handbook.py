"""The handbook for operations, done in its order, on an evening in full swing: what it says is there."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from assignments.coordinator import process_booking
from assignments.edge import Edge
from assignments.models import NowFit, Resolution, ReviewCase
from assignments.review.deadlines import LEAD
from bookings.models import Booking, BookingStatus, Restaurant, TableBlock
from bookings.states import State
from config.roles import OPS_AGENT
from config.screenshots import scene
from config.screenshots.scene import Scene
from tests.browser.accessibility import findings
from tests.browser.conftest import Opens
from tests.browser.test_screenshots import SMALL
from tests.factories import receive

Person = Callable[..., User]
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def evening(committed_db: None) -> Scene:
    return scene.set_scene(now=timezone.now(), templates=SMALL)


@pytest.fixture
def house(evening: Scene) -> Restaurant:
    return evening.case.booking.restaurant


def follow(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).first.click()
    page.wait_for_load_state()


def press(where: Page | Locator, name: str) -> None:
    where.get_by_role("button", name=name, exact=True).first.click()


def claim_next(page: Page) -> ReviewCase:
    page.goto("/review/")
    page.wait_for_load_state()
    page.keyboard.press("n")
    page.wait_for_url("**/review/cases/*/")
    page.wait_for_load_state()
    expect(page.get_by_text("Yours, renewed while this page is open")).to_be_visible()
    return ReviewCase.objects.select_related("booking").get(pk=page.url.rstrip("/").rpartition("/")[2])


def must_be_called(house: Restaurant) -> ReviewCase:
    """A case whose guests come too soon for a mail: at some hours the evening itself has none."""
    now = timezone.now()
    start = now + timedelta(minutes=45)
    end = start + timedelta(hours=1)
    soon = receive(house, now=now, start=start, end=end, party_size=30, by_staff=True)
    process_booking(booking_id=soon.pk, trigger="created", edge=Edge(clock=lambda: now, jitter=lambda: 0.0))
    return ReviewCase.objects.get(booking=soon, closed_at__isnull=True)


def test_the_queue(evening: Scene, house: Restaurant, person: Person, opens: Opens) -> None:
    called = must_be_called(house)
    page = opens(evening.viewer, "/")
    follow(page, "Queue")
    expect(page.get_by_text("Now fits").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=called.booking.reference)).to_contain_text(
        "call the guest"
    )

    first = claim_next(page)
    assert NowFit.objects.filter(booking=first.booking).exists(), "those that fit by now come first"
    expect(page.get_by_role("region", name="Why it waits")).to_contain_text("Why not")
    in_time_for_a_mail = first.booking.start_at - LEAD > timezone.now()
    expect(page.get_by_role("button", name="Put aside")).to_have_count(int(in_time_for_a_mail))
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("u")
    expect(page.get_by_text("Undone")).to_be_visible()
    assert Resolution.objects.get(case=first, undone_at__isnull=False)

    colleague = person(OPS_AGENT, "tina")
    house.staff.create(user_id=colleague.pk)
    case = ReviewCase.objects.filter(closed_at__isnull=True, owner__isnull=True).latest("booking__start_at")
    other = opens(colleague, f"/review/cases/{case.pk}/")
    page.goto(f"/review/cases/{case.pk}/")
    expect(page.get_by_text("works on this case")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_text("Yours, renewed")).to_be_visible()
    page.wait_for_load_state()
    press(page, "Give up")
    expect(page.get_by_text("Yours, renewed")).to_have_count(0)

    other.goto(f"/review/cases/{case.pk}/")
    expect(other.get_by_text("Yours, renewed")).to_be_visible()


def test_what_else_may_become_of_a_case(evening: Scene, opens: Opens) -> None:
    free = ReviewCase.objects.filter(closed_at__isnull=True, owner__isnull=True, snoozed_until__isnull=True)
    waits = free.latest("booking__start_at")
    page = opens(evening.viewer, f"/review/cases/{waits.pk}/")
    page.wait_for_load_state()
    page.keyboard.press("h")
    page.get_by_label("Because").fill("Calls back at nine.")
    press(page, "Put aside")
    page.goto("/review/")
    page.get_by_role("link", name="Snoozed").click()
    expect(page.get_by_role("link", name=waits.booking.reference)).to_be_visible()

    requeued = claim_next(page)
    press(page, "Requeue")
    page.wait_for_url(lambda url: f"/cases/{requeued.pk}/" not in url)
    requeued.booking.refresh_from_db()
    assert requeued.booking.assignment_state == State.ASSIGNMENT_PENDING

    down = claim_next(page)
    page.get_by_text("Turn down", exact=True).click()
    expect(page.get_by_text("the guest gets a mail after 10 seconds")).to_be_visible()
    press(page, "Turn the party down")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    down.booking.refresh_from_db()
    assert down.booking.status == BookingStatus.CANCELLED

    page.goto("/review/")
    page.get_by_role("combobox", name="Party").select_option("3 and more")
    press(page, "Filter")
    page.get_by_label("Name of the view").fill("Larger ones")
    press(page, "Save view")
    expect(page.get_by_role("link", name="Larger ones")).to_be_visible()


def test_the_floor(evening: Scene, house: Restaurant, opens: Opens) -> None:
    page = opens(evening.viewer, "/")
    follow(page, "Floor")
    pick = page.get_by_role("region", name="Chosen booking")
    now = timezone.now()
    here = Booking.objects.filter(restaurant=house)

    coming = here.filter(status=BookingStatus.CONFIRMED, start_at__gt=now).order_by("start_at")[0]
    page.goto(f"/floor/?r={house.pk}&b={coming.pk}")
    expect(pick.get_by_role("button", name="No-show")).to_have_count(0)
    press(pick, "Lock to its table")
    expect(pick).to_contain_text("locked")
    press(pick, "Unlock")
    press(pick, "Check in")
    expect(pick.get_by_role("button", name="They left")).to_be_visible()
    press(pick, "They left")
    coming.refresh_from_db()
    assert coming.status == BookingStatus.COMPLETED

    page.get_by_text("Walk-in").first.click()
    page.get_by_label("Guests").fill("2")
    press(page, "Seat them")
    expect(page.locator("main")).to_contain_text(re.compile(r"is seated|No table is left.* Next: "))


def test_a_table_breaks(evening: Scene, house: Restaurant, opens: Opens) -> None:
    page = opens(evening.viewer, "/")
    follow(page, "Restaurants")
    page.get_by_role("link", name=house.name).first.click()
    page.get_by_role("link", name="Block a table").first.click()
    seated = Booking.objects.filter(restaurant=house, status=BookingStatus.CONFIRMED).latest("start_at")
    table = seated.allocations.filter(active=True)[0].table
    page.get_by_label("Table", exact=True).select_option(str(table.pk))
    for label, moment in (("From", seated.start_at), ("Until", seated.end_at)):
        page.get_by_label(label).fill(f"{moment.astimezone(house.tzinfo):%Y-%m-%dT%H:%M}")
    press(page, "Save")
    expect(page.locator("main")).to_contain_text(seated.reference)
    assert not TableBlock.objects.filter(table=table).exists(), "nothing is saved before that was seen"
    assert findings(page) == []
    press(page, "Save all the same")
    expect(page.get_by_text("Block a table")).to_be_visible()
    assert TableBlock.objects.filter(table=table).exists()
    assert not seated.allocations.filter(active=True, table=table).exists()


def test_a_guest_calls(evening: Scene, house: Restaurant, opens: Opens) -> None:
    page = opens(evening.viewer, "/")
    booking = Booking.objects.filter(
        restaurant=house, status=BookingStatus.CONFIRMED, start_at__gt=timezone.now() + timedelta(hours=3)
    )[0]
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type(booking.reference)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/bookings/booking/{booking.pk}/change/**")
    page.get_by_label("Guest phone").fill("+44 20 7946 0000")
    press(page, "Save")
    page.wait_for_load_state()
    booking.refresh_from_db()
    assert booking.guest_phone == "+44 20 7946 0000"
    page.goto(f"/bookings/booking/?q={booking.guest_name.split()[0]}")
    page.get_by_role("link", name=booking.reference).click()
    page.get_by_role("link", name="Timeline").click()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", name=f"Booking {booking.reference}")).to_be_visible()
    page.goto(f"/bookings/booking/?q={booking.reference}")
    page.locator("tbody input[type=checkbox]").first.check()
    page.get_by_label("Action:").select_option("Cancel …")
    press(page, "Go")
    page.wait_for_load_state()
    expect(page.get_by_role("heading", name="Cancel these bookings?")).to_be_visible()
    assert findings(page) == []
    press(page, "Cancel 1 booking")
    expect(page.locator("main")).to_contain_text(f"Cancelled: {booking.reference}")
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED
