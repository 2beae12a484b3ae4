"""A real browser on the real server. Every page it opens is watched until the test ends.

No request may leave the host, and no script may fail or be refused by the content security policy.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

# Playwright keeps an event loop in this thread; the queries beside it are the test's own.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip

WIDE = (1440, 900)
PHONE = (390, 844)

#: Opens a page signed in as a person, in a theme and at a size.
Opens = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "no Chromium is installed; on Debian: apt-get install chromium"
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield instance
        instance.close()


@pytest.fixture
def person(committed_db: None) -> Callable[..., User]:
    """Makes a member of staff of a group; without a name of a group, an administrator."""

    def make(group: str | None = None, name: str = "ada") -> User:
        if group is None:
            return User.objects.create_superuser(name)
        user = User.objects.create(username=name, is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        return user

    return make


@pytest.fixture
def opens(browser: Browser, live_server: LiveServer) -> Iterator[Opens]:
    """`opens(user, path, theme="dark", size=PHONE)`; complaints of all pages fail the test at its end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        user: User | None, path: str, *, theme: str = "light", size: tuple[int, int] = WIDE
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            color_scheme="dark" if theme == "dark" else "light",
            viewport={"width": size[0], "height": size[1]},
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        if user is not None:
            context.add_cookies([_session(user, live_server.url)])
        page = context.new_page()
        _watch(page, live_server.url, complaints)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _session(user: User, url: str):  # type: ignore[no-untyped-def]
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


def _watch(page: Page, url: str, complaints: list[str]) -> None:
    host = urlsplit(url).netloc
    page.on("console", lambda message: complaints.extend(_complaint(page, message)))
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on(
        "request",
        lambda request: (
            complaints.append(f"request to {request.url}")
            if urlsplit(request.url).netloc not in (host, "")
            else None
        ),
    )


def _complaint(page: Page, message: ConsoleMessage) -> Iterator[str]:
    """Errors of the page itself; one without an address is the test's own script: axe tries inline styles.

    A refusal, told on a page of its own, is an answer too; the browser calls every 4xx and 5xx an error.
    """
    at, refused = message.location["url"], "the server responded with a status of" in message.text
    if message.type == "error" and at and not (refused and at == page.url):
        yield f"{page.url}: {message.text} at {message.location}"
