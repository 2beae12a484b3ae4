"""The README's pictures are taken by a command, of an evening made up for them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from assignments.models import ReviewCase
from bookings.demand.floor_plans import TEMPLATES
from bookings.models import Booking, ChangeWish
from config.screenshots import camera, scene
from tests.invariants import breaches

pytestmark = pytest.mark.timeout(240)


#: One house of the three.
SMALL = TEMPLATES[:1]


def apart(work: Callable[[], list[Path]]) -> list[Path]:
    """On a thread of its own: the browser of the other tests has this one, and a thread drives one only."""

    def worked() -> list[Path]:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(worked).result()


def test_the_evening_is_busy_and_breaks_no_rule(committed_db: None) -> None:
    found = scene.set_scene(now=timezone.now(), templates=SMALL)
    statuses = set(Booking.objects.values_list("status", flat=True))
    assert {"pending", "confirmed", "checked_in", "completed"} <= statuses
    assert found.fits.booking.now_fit
    assert ReviewCase.objects.filter(owner__isnull=False).exists()
    assert ChangeWish.objects.exists()
    assert breaches(unfinished=True) == {}


def test_a_picture_is_a_page_in_its_theme_and_size(
    committed_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = scene.set_scene(now=timezone.now(), templates=SMALL)
    wanted = [shot for shot in camera.shots_of(found) if shot.size == camera.PHONE]
    monkeypatch.setattr(camera, "shots_of", lambda _: wanted)
    [first] = files = apart(lambda: list(camera.take(found, into=tmp_path)))
    assert [file.name for file in files] == ["case-390-dark.png"]
    header = first.read_bytes()[:24]
    assert (int.from_bytes(header[16:20]), int.from_bytes(header[20:24])) == camera.PHONE


def test_without_a_browser_the_command_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(camera.CameraError, match="apt-get install chromium"), camera._browser():
        pass
