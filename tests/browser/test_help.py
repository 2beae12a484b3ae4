"""The documents in a browser: readable by everybody, nothing sticks out, contents and pictures work."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from config.roles import VIEWER
from tests.browser.accessibility import findings
from tests.browser.conftest import PHONE, WIDE, Opens

Person = Callable[..., User]

PAGES = ["/help/", "/help/runbook/", "/help/handbook-operations/", "/help/api/", "/help/search/?q=alert"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    theme: str, size: tuple[int, int], person: Person, opens: Opens
) -> None:
    page = opens(person(VIEWER), "/help/", theme=theme, size=size)
    for path in PAGES:
        page.goto(path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_from_the_map_by_the_contents_to_a_section(person: Person, opens: Opens) -> None:
    page = opens(person(VIEWER), "/help/")
    page.get_by_role("link", name="runbook", exact=True).first.click()
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="breaker_open").click()
    expect(page).to_have_url(re.compile(r"/help/runbook/#breaker_open$"))
    expect(page.get_by_role("heading", name="breaker_open")).to_be_in_viewport()


def test_pictures_are_shown(person: Person, opens: Opens) -> None:
    page = opens(person(VIEWER), "/help/handbook-operations/")
    picture = page.get_by_role("img", name="The queue").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 1440
