"""Imports by people in the console: upload, choose what the columns hold, look at a preview, start.

The file is kept while it is needed and no longer, because it holds personal data.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from bookings.imports.csv_text import CsvFile
from bookings.imports.errors import FileError
from bookings.imports.mapping import suggested
from bookings.imports.options import Options
from bookings.imports.run import BATCH, BookingImport, Reject
from bookings.imports.template import maker
from bookings.models import ImportReject, ImportRun, ImportStatus
from bookings.queue.tasks import enqueue

WORK_TASK = "bookings.imports.tasks.work_on_import"

#: Bytes and lines of an upload; what is larger is imported by the command, which streams. Each slice of
#: the work reads past the rows done before, which for this many takes a fraction of a task's time.
LARGEST = 5_000_000
MOST_LINES = 20_001

#: Rows shown as they will be read.
SAMPLE = 8


class RunError(ValueError):
    """A step that does not follow from the import's status."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What an import would do with its first rows; `whole` if the file has no more."""

    rows: int
    imported: int
    already_there: int
    rejects: tuple[Reject, ...]
    restaurants: tuple[str, ...]
    whole: bool


def upload(*, filename: str, content: bytes, by: int, now: datetime) -> ImportRun:
    """Keep a file as a draft of the user with id `by`, mapped as its columns suggest. Raises FileError."""
    if len(content) > LARGEST:
        raise FileError(
            f"{len(content)} bytes are too many; at most {LARGEST}. Use manage.py import_bookings"
        )
    if content.count(b"\n") > MOST_LINES:
        raise FileError(f"more than {MOST_LINES} lines are too many. Use manage.py import_bookings")
    columns = CsvFile(io.BytesIO(content)).columns
    return ImportRun.objects.create(
        filename=filename[:200],
        content=content,
        size=len(content),
        columns=list(columns),
        mapping=suggested(columns),
        created_by_id=by,
        created_at=now,
    )


def sample(run: ImportRun) -> list[tuple[str, ...]]:
    """The first rows that can be read."""
    readable = (record.cells for record in CsvFile(_file(run)) if not record.problem)
    return [cells for cells, _ in zip(readable, range(SAMPLE), strict=False)]


def preview(*, run: ImportRun, now: datetime) -> Preview:
    """Check the first rows and change nothing. Raises FileError if the options do not fit the file."""
    with _undone():
        importer = importer_of(run, now=now, dry_run=True)
        batches = importer.batches()
        batch = next(batches, None)
        restaurants = tuple(importer.restaurants_made)
        batches.close()
    if batch is None:
        raise FileError("the file has no rows below its header")
    return Preview(
        rows=batch.rows,
        imported=batch.imported,
        already_there=batch.already_there,
        rejects=batch.rejects,
        restaurants=restaurants,
        whole=batch.rows < BATCH,
    )


def importer_of(run: ImportRun, *, now: datetime, dry_run: bool = False) -> BookingImport:
    """The import that a run's options describe. Raises FileError if they do not fit its file."""
    options = Options(
        columns=run.mapping,
        restaurant=run.restaurant.slug if run.restaurant else "",
        timezone=run.timezone,
        as_history=run.as_history,
        by_staff=run.by_staff,
        dry_run=dry_run,
    )
    make = maker(timezone=run.timezone, now=now) if run.create_restaurants else None
    return BookingImport(_file(run), options=options, now=now, make=make)


def choose(*, run_id: int, options: Mapping[str, object]) -> None:
    """Set a draft's mapping and options. Raises RunError if it is no draft any more."""
    if not ImportRun.objects.filter(pk=run_id, status=ImportStatus.DRAFT).update(**options):
        raise RunError("The import has been started or removed; its options cannot be changed any more.")


@transaction.atomic
def start(*, run_id: int, now: datetime) -> None:
    """Have workers import a draft. Raises RunError if it is none, FileError if its options do not fit."""
    run = ImportRun.objects.select_for_update().filter(pk=run_id, status=ImportStatus.DRAFT).first()
    if run is None:
        raise RunError("The import has been started before or was removed.")
    preview(run=run, now=now)
    ImportRun.objects.filter(pk=run_id).update(status=ImportStatus.RUNNING, started_at=now)
    enqueue(WORK_TASK, run_id)


def stop(*, run_id: int, now: datetime) -> None:
    """End an import early; what was imported stays. Raises RunError if it has ended already."""
    unfinished = ImportRun.objects.filter(pk=run_id, status__in=[ImportStatus.DRAFT, ImportStatus.RUNNING])
    if not unfinished.update(
        status=ImportStatus.FAILED, problem="Stopped by hand.", content=None, finished_at=now
    ):
        raise RunError("The import has ended already.")


@transaction.atomic
def resume(*, run_id: int, now: datetime) -> None:
    """Go on with an import that was given up, after the rows it has done.

    Raises RunError if it has not failed or its file is gone, FileError if its options no longer fit.
    """
    run = ImportRun.objects.select_for_update().filter(pk=run_id, status=ImportStatus.FAILED).first()
    if run is None or run.content is None:
        raise RunError("The import cannot be resumed: it runs or has ended, or its file is kept no longer.")
    importer_of(run, now=now, dry_run=True)
    ImportRun.objects.filter(pk=run_id).update(
        status=ImportStatus.RUNNING, attempts=0, problem="", finished_at=None
    )
    enqueue(WORK_TASK, run_id)


def forget(*, now: datetime) -> None:
    """Remove the personal data that nobody needs any more.

    These are drafts left lying, files of imports that failed and nobody resumed, rejects of long ago.
    """
    files_until = now - timedelta(days=settings.IMPORT_FILE_RETENTION_DAYS)
    ImportRun.objects.filter(status=ImportStatus.DRAFT, created_at__lt=files_until).delete()
    failed = ImportRun.objects.filter(status=ImportStatus.FAILED, finished_at__lt=files_until)
    failed.filter(content__isnull=False).update(content=None)
    rejects_until = now - timedelta(days=settings.IMPORT_REJECT_RETENTION_DAYS)
    ImportReject.objects.filter(run__finished_at__lt=rejects_until).delete()


def _file(run: ImportRun) -> io.BytesIO:
    return io.BytesIO(bytes(run.content or b""))


@contextmanager
def _undone() -> Iterator[None]:
    """A transaction that leaves nothing."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
