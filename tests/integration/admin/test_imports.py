"""Imports in the console: upload, columns, preview, start; a worker's task; the result and its rejects."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from bookings.imports import tasks, uploads
from bookings.imports.tasks import work_on_import
from bookings.imports.uploads import WORK_TASK, RunError
from bookings.models import Booking, ImportReject, ImportRun, ImportStatus, Restaurant
from tests.factories import serving_restaurant
from tests.integration.admin.conftest import logged_in
from tests.integration.bookings.imports.files import HEADER, coming_rows, write_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def importer(db: None) -> Client:
    user = User.objects.create(username="importer", is_staff=True)
    names = ["view_booking", "view_importrun", "import_booking", "every_restaurant"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return logged_in(user)


def address(name: str, *args: int) -> str:
    return reverse(f"admin:bookings_importrun_{name}", args=args)


def content_of(rows: list[list[str]], tmp_path: Path) -> bytes:
    return write_csv(tmp_path / "rows.csv", rows).read_bytes()


def uploaded(client: Client, content: bytes) -> ImportRun:
    response = client.post(address("new"), {"file": SimpleUploadedFile("rows.csv", content)})
    run = ImportRun.objects.latest("pk")
    assert response.headers["Location"] == address("prepare", run.pk)
    return run


#: What the person chooses for HEADER, of which "Venue", "Guests", "Booked" and "Mail" are suggested.
CHOICES = {f"column_{place}": field for place, field in enumerate(
    ("restaurant", "start", "party_size", "received_at", "name", "email")
)}  # fmt: skip


@pytest.fixture
def rows() -> tuple[list[list[str]], int]:
    return coming_rows([serving_restaurant(4).slug], 60, broken=0.2)


def prepared(client: Client, rows: list[list[str]], tmp_path: Path, **options: Any) -> ImportRun:
    run = uploaded(client, content_of(rows, tmp_path))
    client.post(address("prepare", run.pk), {**CHOICES, **options})
    run.refresh_from_db()
    return run


def work_off() -> int:
    """Do what the queue holds of imports, as workers would; how many tasks that took."""
    done = 0
    while task := next(
        (row for row in OrmQ.objects.order_by("pk") if _package(row)["func"] == WORK_TASK), None
    ):
        task.delete()
        work_on_import(*_package(task)["args"])
        done += 1
    return done


def _package(row: OrmQ) -> dict[str, Any]:
    package: dict[str, Any] = SignedPackage.loads(row.payload)
    return package


def test_a_file_is_uploaded_mapped_previewed_and_imported(
    importer: Client, rows: tuple[list[list[str]], int], tmp_path: Path
) -> None:
    lines, bad = rows
    run = uploaded(importer, content_of(lines, tmp_path))
    assert run.mapping == {"Venue": "restaurant", "Guests": "party_size", "Customer": "name", "Mail": "email"}
    page = importer.get(address("prepare", run.pk)).content.decode()
    assert "no column is mapped to start" in page

    importer.post(address("prepare", run.pk), CHOICES)
    page = importer.get(address("prepare", run.pk)).content.decode()
    assert f"{60 - bad} of 60 rows would be imported" in page
    assert not Booking.objects.exists()

    assert importer.post(address("prepare", run.pk), {"start": "yes"}).headers["Location"] == address(
        "result", run.pk
    )
    assert 'http-equiv="refresh"' in importer.get(address("result", run.pk)).content.decode()
    assert work_off() == 1
    run.refresh_from_db()
    assert (run.status, run.content) == (ImportStatus.DONE, None)
    assert (run.rows, run.imported, run.already_there, run.rejected) == (60, 60 - bad, 0, bad)
    assert Booking.objects.count() == 60 - bad
    page = importer.get(address("result", run.pk)).content.decode()
    assert f"{60 - bad} of 60 rows are imported, {bad} are rejected" in page
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Started the import."]


def test_the_rejects_are_downloaded_with_line_and_reason_and_logged(
    importer: Client, rows: tuple[list[list[str]], int], tmp_path: Path
) -> None:
    run = prepared(importer, rows[0], tmp_path)
    uploads.start(run_id=run.pk, now=timezone.now())
    work_off()
    response = importer.get(address("rejects", run.pk))
    content = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    header, *rejects = csv.reader(io.StringIO(content, newline=""))
    assert header == [*HEADER, "line", "reason"]
    assert len(rejects) == rows[1]
    assert LogEntry.objects.get().change_message == "Downloaded the rejected rows."


def test_a_long_file_is_worked_on_slice_by_slice(
    importer: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, bad = coming_rows([serving_restaurant(4).slug], 1_200)
    run = prepared(importer, lines, tmp_path)
    uploads.start(run_id=run.pk, now=timezone.now())
    ticks = iter(range(10_000))
    monkeypatch.setattr(tasks, "SLICE", 1.5)
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)))
    assert work_off() == 4  # a batch each, and one that finds the end
    run.refresh_from_db()
    assert (run.status, run.imported, run.rejected) == (ImportStatus.DONE, 1_200 - bad, bad)
    assert Booking.objects.count() == 1_200 - bad


def test_a_repeated_task_does_nothing(
    importer: Client, rows: tuple[list[list[str]], int], tmp_path: Path
) -> None:
    run = prepared(importer, rows[0], tmp_path)
    uploads.start(run_id=run.pk, now=timezone.now())
    for _ in range(2):
        work_on_import(run.pk)
    run.refresh_from_db()
    assert (run.rows, Booking.objects.count()) == (60, 60 - rows[1])


def test_an_import_is_started_once(
    importer: Client, rows: tuple[list[list[str]], int], tmp_path: Path
) -> None:
    run = prepared(importer, rows[0], tmp_path)
    for _ in range(2):
        importer.post(address("prepare", run.pk), {"start": "yes"})
    assert OrmQ.objects.count() == 1
    importer.post(address("prepare", run.pk), {"column_0": ""})
    run.refresh_from_db()
    assert run.mapping["Venue"] == "restaurant"


def test_a_draft_that_does_not_fit_is_not_started(importer: Client, tmp_path: Path) -> None:
    run = uploaded(importer, b"a,b\n1,2\n")
    page = importer.post(address("prepare", run.pk), {"start": "yes"}, follow=True).content.decode()
    assert "no column is mapped to restaurant and start and party_size" in page
    run.refresh_from_db()
    assert run.status == ImportStatus.DRAFT


def test_a_running_import_can_be_stopped(
    importer: Client, rows: tuple[list[list[str]], int], tmp_path: Path
) -> None:
    run = prepared(importer, rows[0], tmp_path)
    uploads.start(run_id=run.pk, now=timezone.now())
    importer.post(address("stop", run.pk))
    assert work_off() == 1
    run.refresh_from_db()
    assert (run.status, run.rows, run.content) == (ImportStatus.FAILED, 0, None)
    assert "Stopped by hand" in importer.get(address("result", run.pk)).content.decode()


def test_restaurants_are_created_when_asked_for_and_not_by_the_preview(
    importer: Client, tmp_path: Path
) -> None:
    lines, _ = coming_rows(["Chez Léon"], 20, broken=0)
    run = prepared(importer, lines, tmp_path, create_restaurants="on")
    assert "restaurants created: chez-leon" in importer.get(address("prepare", run.pk)).content.decode()
    assert not Restaurant.objects.exists()
    importer.post(address("prepare", run.pk), {"start": "yes"})
    work_off()
    run.refresh_from_db()
    assert (run.imported, run.restaurants_made) == (20, ["chez-leon"])
    assert Restaurant.objects.get().name == "Chez Léon"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"a,a\n1,2\n", "more than once"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a\n" * 100_003, "lines are too many"),
        (b"a" * 10_000_001, "bytes are too many"),
    ],
    ids=["empty", "doubled header", "UTF-16", "too long", "too large"],
)
def test_a_file_that_cannot_be_used_is_refused_at_the_form(
    content: bytes, reason: str, importer: Client
) -> None:
    page = importer.post(address("new"), {"file": SimpleUploadedFile("rows.csv", content)})
    assert page.status_code == 200
    assert reason in page.content.decode()
    assert not ImportRun.objects.exists()


def test_the_pages_need_the_permission(viewer: Client, importer: Client) -> None:
    run = uploaded(importer, b"a,b\n1,2\n")
    for page in ("prepare", "result", "stop", "rejects"):
        assert viewer.get(address(page, run.pk)).status_code == 403
        assert importer.get(address(page, run.pk + 1)).status_code == 404
    assert viewer.get(address("new")).status_code == 403
    booking_list = reverse("admin:bookings_booking_changelist")
    assert address("new") in importer.get(booking_list).content.decode()
    assert address("new") not in viewer.get(booking_list).content.decode()


def test_cells_are_shown_as_text(importer: Client) -> None:
    run = uploaded(importer, b"start,<b>x</b>\n<script>alert(1)</script>,2\n")
    page = importer.get(address("prepare", run.pk)).content.decode()
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_a_cell_that_the_database_cannot_hold_is_kept_as_far_as_it_can(importer: Client) -> None:
    serving_restaurant(4, slug="bistro")
    run = uploaded(importer, b"restaurant,start,party_size\nbistro,\xff\x00,2\n")
    uploads.start(run_id=run.pk, now=timezone.now())
    work_off()
    assert ImportReject.objects.get().cells == ["bistro,?\ufffd,2"]


def test_personal_data_is_removed_when_nobody_needs_it(
    importer: Client, rows: tuple[list[list[str]], int], tmp_path: Path
) -> None:
    draft = uploaded(importer, b"a,b\n1,2\n")
    run = prepared(importer, rows[0], tmp_path)
    uploads.start(run_id=run.pk, now=timezone.now())
    work_off()
    uploads.forget(now=timezone.now() + timedelta(hours=23))
    assert ImportRun.objects.filter(pk=draft.pk).exists()
    uploads.forget(now=timezone.now() + timedelta(days=2))
    assert not ImportRun.objects.filter(pk=draft.pk).exists()
    assert run.rejects.exists()
    uploads.forget(now=timezone.now() + timedelta(days=31))
    assert not run.rejects.exists()


@pytest.fixture
def crashing(
    importer: Client, rows: tuple[list[list[str]], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ImportRun:
    """An import each slice of which dies before its rows are saved, as often as the queue repeats it."""
    run = prepared(importer, rows[0], tmp_path)
    uploads.start(run_id=run.pk, now=timezone.now())
    with monkeypatch.context() as broken:
        broken.setattr(tasks, "_count", _die)
        for _ in range(tasks.MOST_LOST):
            with pytest.raises(MemoryError):
                work_on_import(run.pk)
    OrmQ.objects.all().delete()
    return run


def _die(*_: object) -> None:
    raise MemoryError


def test_an_import_whose_worker_dies_again_and_again_ends_as_failed(
    importer: Client, crashing: ImportRun
) -> None:
    crashing.refresh_from_db()
    assert (crashing.status, crashing.attempts) == (ImportStatus.RUNNING, tasks.MOST_LOST)
    work_on_import(crashing.pk)
    crashing.refresh_from_db()
    assert (crashing.status, crashing.rows) == (ImportStatus.FAILED, 0)
    page = importer.get(address("result", crashing.pk)).content.decode()
    assert "broken off 5 times in a row after row 0" in page
    assert address("resume", crashing.pk) in page
    assert not Booking.objects.exists()
    assert not OrmQ.objects.exists()


def test_a_person_resumes_an_import_that_was_given_up(
    importer: Client, crashing: ImportRun, rows: tuple[list[list[str]], int]
) -> None:
    work_on_import(crashing.pk)
    importer.post(address("resume", crashing.pk))
    assert work_off() == 1
    crashing.refresh_from_db()
    assert (crashing.status, crashing.imported, crashing.attempts) == (ImportStatus.DONE, 60 - rows[1], 0)
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Resumed the import."]
    assert "cannot be resumed" in importer.post(address("resume", crashing.pk), follow=True).content.decode()


def test_rows_that_are_imported_in_between_start_the_count_anew(
    importer: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, bad = coming_rows([serving_restaurant(4).slug], 1_200)
    run = prepared(importer, lines, tmp_path)
    uploads.start(run_id=run.pk, now=timezone.now())
    ImportRun.objects.filter(pk=run.pk).update(attempts=tasks.MOST_LOST - 1)
    monkeypatch.setattr(tasks, "SLICE", 1.5)
    ticks = iter(range(10_000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)))
    work_off()
    run.refresh_from_db()
    assert (run.status, run.imported) == (ImportStatus.DONE, 1_200 - bad)


def test_the_file_of_an_import_that_nobody_resumes_is_removed(importer: Client, crashing: ImportRun) -> None:
    work_on_import(crashing.pk)
    uploads.forget(now=timezone.now() + timedelta(hours=23))
    assert ImportRun.objects.filter(pk=crashing.pk, content__isnull=False).exists()
    uploads.forget(now=timezone.now() + timedelta(days=2))
    assert ImportRun.objects.filter(pk=crashing.pk, content=None).exists()
    with pytest.raises(RunError, match="kept no longer"):
        uploads.resume(run_id=crashing.pk, now=timezone.now())
