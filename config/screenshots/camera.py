"""Takes the pictures: the console served to a headless Chromium, page by page.

Playwright belongs to the development dependencies, so it is imported when pictures are taken.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from django.test.testcases import LiveServerThread
from django.urls import reverse

from config.access import halfway
from config.screenshots.scene import Scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip

WIDE, PHONE = (1440, 900), (390, 844)
#: What fits a page that is one panel.
CARD = (640, 760)


class CameraError(RuntimeError):
    """No browser, or a page that does not answer; the message tells the way out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A page to take in a theme and at a size; the picture's name tells all three.

    Unless `is_in`, the viewer has given the password and not yet the second step.
    """

    page: str
    path: str
    viewer: User
    theme: str = "light"
    size: tuple[int, int] = WIDE
    is_in: bool = True

    @property
    def name(self) -> str:
        return f"{self.page}-{self.size[0]}-{self.theme}.png"


def shots_of(scene: Scene) -> Sequence[Shot]:
    """What the README and the handbooks show."""
    waiting = scene.fits.booking
    asked = urlencode({"r": waiting.restaurant_id, "b": waiting.pk})
    case = reverse("admin:review_case", args=[scene.case.pk])
    lead = partial(Shot, viewer=scene.viewer)
    return (
        lead(page="queue", path=reverse("admin:review_queue")),
        lead(page="floor-candidate", path=f"{reverse('admin:floor')}?{asked}"),
        lead(page="set-up", path=reverse("admin:second_step_setup"), size=CARD, is_in=False),
        lead(page="booking", path=reverse("admin:booking_timeline", args=[scene.told.reference])),
        *_rollout(scene),
        # Last: looking at a case claims it.
        lead(page="case", path=case),
        lead(page="case", path=case, theme="dark", size=PHONE),
    )


def _rollout(scene: Scene) -> Sequence[Shot]:
    if scene.stay is None:
        return ()
    return (Shot(page="phase", path=reverse("admin:rollout_phase", args=[scene.stay]), viewer=scene.owner),)


def take(scene: Scene, *, into: Path) -> Iterator[Path]:
    """Take every shot; yields each picture's file once it is written. Raises CameraError."""
    into.mkdir(parents=True, exist_ok=True)
    # Before the browser: in Playwright's event loop Django opens a session of the database of its own.
    shots = [(shot, _session_of(shot)) for shot in shots_of(scene)]
    with _served() as url, _browser() as browser:
        for shot, session in shots:
            yield _taken(browser, shot, session, url, into / shot.name)


def _taken(browser: "Browser", shot: Shot, session: str, url: str, file: Path) -> Path:
    width, height = shot.size
    context = browser.new_context(
        base_url=url,
        color_scheme="dark" if shot.theme == "dark" else "light",
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
    try:
        page = context.new_page()
        answer = page.goto(shot.path)
        if answer is None or answer.status != 200:
            raise CameraError(f"{shot.path} answers {answer.status if answer else 'nothing'}")
        page.screenshot(path=file)
    finally:
        context.close()
    return file


def _session_of(shot: Shot) -> str:
    client = Client()
    if shot.is_in:
        client.force_login(shot.viewer)
    else:
        session = client.session
        halfway.note(session, shot.viewer, onward=reverse("admin:index"))
        session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextmanager
def _browser() -> Iterator["Browser"]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise CameraError(
            "pictures need Playwright, of the development dependencies: make install"
        ) from error
    chromium = shutil.which("chromium")
    if chromium is None:
        raise CameraError("pictures need Chromium; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _served() -> Iterator[str]:
    """The console in a thread of this process, on the database that is in use."""
    server: Any = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise CameraError(f"the console could not be served: {server.error}")
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.terminate()
