"""The pages of a rollout: flags, comparisons, audit."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from assignments.engine.flags import Flag
from assignments.flags import acknowledgements, proposals, services, store
from assignments.flags.authors import Author
from assignments.flags.wanted import Action, Wanted
from bookings.models import Restaurant
from config.roles import ENGINEERING_LEAD, ON_CALL
from tests.browser.accessibility import findings
from tests.browser.conftest import PHONE, WIDE, Opens
from tests.factories import RestaurantFactory, receive, serving_restaurant
from tests.integration.console.test_audit import acted
from tests.integration.console.test_comparison import compared

pytestmark = pytest.mark.usefixtures("nothing_pinned")

Person = Callable[..., User]

WORKERS = ("worker-1:211:a1b2c3", "worker-2:214:d4e5f6")


def cause(why: str = "as planned") -> dict[str, Any]:
    return {"reason": why, "by": Author(name="ev"), "now": timezone.now()}


@pytest.fixture
def house(committed_db: None) -> Restaurant:
    """One of a dozen restaurants, with flags of every kind."""
    names = [
        "Harbour & Vine", "Kaffeehaus Linde", "Osteria Lume", "Taverna Psari", "Casa Azahar",
        "Brasserie Nord", "The Copper Pan", "Linden Garten", "Quay Street", "Meson del Rio", "Nisos",
    ]  # fmt: skip
    zones = ("Europe/London", "Europe/Vienna", "Europe/Rome", "Europe/Athens", "Europe/Madrid")
    made = [RestaurantFactory(name=name, timezone=zones[i % 5]) for i, name in enumerate(names)]
    first = serving_restaurant(2, 2, 4, join=True, name="Trattoria Sette", timezone="Europe/Rome")
    for worker in WORKERS:
        acknowledgements.register(worker)
    services.set_shadow(on=True, **cause())
    services.set_cohort(percentage=40, **cause("gates of 10 % passed"))
    services.set_override(
        restaurant_id=made[5].pk,
        percentage=Decimal(40),
        expires_at=timezone.now() + timedelta(hours=5),
        **cause("error burst after the breaker opened"),
    )
    services.set_override(restaurant_id=made[9].pk, percentage=0, **cause("floor plan being rebuilt"))
    services.set_override(
        restaurant_id=made[9].pk, flag=Flag.SHADOW, percentage=0, **cause("floor plan being rebuilt")
    )
    acknowledgements.acknowledge(worker=WORKERS[0], version=store.read().version, before=0)
    now = timezone.now()
    for day in (1, 1, 2):
        receive(first, now=now, start=now.replace(hour=19, minute=0) + timedelta(days=day))
    return first


@pytest.mark.parametrize(
    ("theme", "size"), [("light", WIDE), ("dark", WIDE), ("light", PHONE), ("dark", PHONE)]
)
def test_axe_finds_nothing_on_the_pages_of_a_rollout(
    theme: str, size: tuple[int, int], house: Restaurant, person: Person, opens: Opens, settings: Any
) -> None:
    settings.ENVIRONMENT = "production"
    user = person()
    pair = compared(house, "better")
    acted(pair.booking, user)
    second = person(ON_CALL, name="eve")
    proposals.change(
        wanted=Wanted(action=Action.COHORT, percentage=Decimal(100)),
        seen_version=store.read().version,
        reason="gates passed",
        user=second,
        now=timezone.now(),
    )
    page = opens(second, "/flags/", theme=theme, size=size)
    # What refreshes while axe looks would take its marks for attributes of the page.
    page.route("**/flags/effect/", lambda route: route.fulfill(status=204))
    for path in (
        "/flags/",
        f"/flags/?r={house.pk}",
        "/flags/?do=cohort&percentage=50",
        "/flags/?q=nowhere",
        "/flags/changes/",
        "/comparison/",
        f"/comparison/{pair.pk}/",
        "/audit/",
        "/audit/?who=nobody",
    ):
        page.goto(path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_a_change_is_previewed_proposed_and_approved_by_somebody_else(
    house: Restaurant, person: Person, opens: Opens, settings: Any
) -> None:
    settings.ENVIRONMENT = "production"
    before = store.read().version
    first = opens(person(ENGINEERING_LEAD, name="ada"), "/flags/")
    first.get_by_label("Per cent of the restaurants on V3").fill("100")
    first.locator("form", has=first.locator("#percentage")).get_by_role("button", name="Preview").click()
    expect(first.get_by_text("a second person has to approve it")).to_be_visible()
    first.get_by_label("Reason, kept in the history").fill("all gates passed")
    first.get_by_role("button", name="Ask for a second person").click()
    expect(first.get_by_text("somebody else has to approve it")).to_be_visible()
    assert store.read().version == before
    second = opens(person(ON_CALL, name="ben"), "/flags/")
    second.get_by_role("button", name="Approve and put in force").click()
    expect(second.get_by_text(f"version {before + 1} is in force")).to_be_visible()
    expect(second.get_by_text("approved by ben")).to_be_visible()


def test_a_conflict_tells_what_changed_and_keeps_the_reason(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    page = opens(person(ENGINEERING_LEAD), f"/flags/?do=limit&limit=5&r={house.pk}")
    page.get_by_label("Reason, kept in the history").fill("more tables")
    services.set_shadow(on=False, **cause())
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Shadow off")
    expect(page.get_by_label("Reason, kept in the history")).to_have_value("more tables")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is in force.")).to_be_visible()


def test_v3_is_stopped_by_two_clicks_and_the_workers_are_watched(
    house: Restaurant, person: Person, opens: Opens
) -> None:
    page = opens(person(ON_CALL), "/flags/")
    page.get_by_text("Stop V3 everywhere").click()
    page.get_by_role("button", name="Stop it now").click()
    expect(page.get_by_text("V3 is stopped: every booking goes to legacy.")).to_be_visible()
    workers = page.get_by_role("region", name="Workers")
    version = store.read().version
    for worker in WORKERS:
        acknowledgements.acknowledge(worker=worker, version=version, before=None)
    page.clock.install()
    page.reload()
    acknowledgements.acknowledge(worker=WORKERS[0], version=version, before=version)
    page.clock.fast_forward(6_000)
    expect(workers).to_contain_text(f"of 2 on {version}")


def test_who_did_it_is_taken_along_as_a_file(house: Restaurant, person: Person, opens: Opens) -> None:
    page = opens(person(ENGINEERING_LEAD), "/audit/?source=flags")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename.startswith("audit-")
