"""Signing in from a browser: password, a device set up from its secret, then its code."""

import base64
import re
import time
from collections.abc import Callable

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from config.access.models import Authenticator
from tests.browser.accessibility import findings
from tests.browser.conftest import PHONE, WIDE, Opens

Person = Callable[..., User]

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(person: Person, settings: pytest.FixtureRequest) -> User:
    settings.MFA_REQUIRED = True  # type: ignore[attr-defined]
    user = person()
    user.set_password(PASSWORD)
    user.save()
    return user


def give_password(page: Page) -> None:
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def shown_by(secret: bytes, *, steps: int = 0) -> str:
    """The code, or one of a step ahead: a step that ends meanwhile makes neither too old."""
    device = TOTP(secret)
    device.time = time.time() + 30 * steps
    return f"{device.token():06d}"


@pytest.mark.parametrize(
    ("theme", "size"), [("light", WIDE), ("dark", PHONE)], ids=["light-wide", "dark-phone"]
)
def test_the_first_sign_in_sets_a_device_up_and_the_next_asks_for_it(
    theme: str, size: tuple[int, int], ada: User, opens: Opens
) -> None:
    page = opens(None, "/find/?q=B-1", theme=theme, size=size)
    give_password(page)
    page.wait_for_url("**/login/set-up/")
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.get_by_text("No camera?").click()
    secret = base64.b32decode(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_label("The code the app shows now").fill(shown_by(secret))
    page.get_by_role("button", name="Turn it on").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    assert findings(page) == []
    recovery_code = codes.first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    page.wait_for_url("**/find/?q=B-1")

    page = opens(None, "/login/", theme=theme, size=size)
    give_password(page)
    page.wait_for_url("**/login/second-step/")
    expect(page.get_by_label("Code, or a recovery code")).to_be_focused()
    assert findings(page) == []
    page.keyboard.type(shown_by(secret, steps=1))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r":\d+/$"))

    page = opens(None, "/login/", theme=theme, size=size)
    give_password(page)
    page.get_by_label("Code, or a recovery code").fill(recovery_code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/security/")
    expect(page.locator("main")).to_contain_text("9 of 10")
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_pages_of_helping_and_of_being_locked_out_are_accessible(
    person: Person, ada: User, opens: Opens, settings: pytest.FixtureRequest
) -> None:
    settings.MFA_REQUIRED = False  # type: ignore[attr-defined]
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 5  # type: ignore[attr-defined]
    other = person("ops agent", name="grace")
    device = Authenticator.new_for(other)
    device.confirmed = True
    device.save()
    page = opens(ada, "/sign-ins/", theme="dark", size=PHONE)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.get_by_text("Reset the second step of grace").click()
    page.get_by_role("button", name="Reset the second step").click()
    expect(page.locator("main")).to_contain_text("taken away")

    page = opens(None, "/login/")
    for _ in range(5):
        page.get_by_label("Username").fill("grace")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Locked for a while")).to_be_visible()
    assert findings(page) == []

    AccessAttempt.objects.create(ip_address="2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", failures_since_start=5)
    page = opens(ada, "/sign-ins/", theme="dark", size=PHONE)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.get_by_role("button", name="Unlock 127.0.0.1").click()
    expect(page.locator("main")).to_contain_text("Everybody at 127.0.0.1 may try again at once.")
    expect(page.get_by_role("table", name="Locked addresses")).not_to_contain_text("127.0.0.1")
