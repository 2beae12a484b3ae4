"""The task that works on an upload, a few seconds at a time, so that no worker is held by a long file.

A slice that is repeated does no harm: rows are imported once, and the count of rows done is the fence. The
queue repeats a slice whose worker was lost, for ever; so slices are counted, and those without a row imported
in between end the import, which a person may resume.
"""

import time
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from bookings.imports.errors import FileError
from bookings.imports.run import Batch, Reject
from bookings.imports.uploads import WORK_TASK, importer_of
from bookings.models import ImportReject, ImportRun, ImportStatus
from bookings.queue.tasks import enqueue

#: Seconds a slice takes; far less than a task may run, since its last batch goes beyond.
SLICE = 6.0

#: Slices in a row that were lost before the import is given up.
MOST_LOST = 5


def work_on_import(run_id: int) -> None:
    """Import rows for a few seconds and hand the rest to the next task."""
    run = ImportRun.objects.select_related("restaurant").filter(pk=run_id).first()
    if run is None or run.status != ImportStatus.RUNNING:
        return
    if run.attempts >= MOST_LOST:
        _give_up(run)
        return
    ImportRun.objects.filter(pk=run_id).update(attempts=F("attempts") + 1)
    try:
        unfinished = _work(run, until=time.monotonic() + SLICE, now=timezone.now())
    except FileError as error:
        # The restaurant it is for was removed meanwhile, say.
        _end(run_id, ImportStatus.FAILED, timezone.now(), problem=str(error))
        return
    if unfinished:
        enqueue(WORK_TASK, run_id)


def _give_up(run: ImportRun) -> None:
    """End it as failed with its file kept: another try may do, as may one without what is in its way."""
    problem = (
        f"Working on it was broken off {run.attempts} times in a row after row {run.rows}. Look at the rows "
        "after that in the file; resume it here, or correct the file and import it again."
    )
    ImportRun.objects.filter(pk=run.pk, status=ImportStatus.RUNNING, rows=run.rows).update(
        status=ImportStatus.FAILED, problem=problem, finished_at=timezone.now()
    )


def _work(run: ImportRun, *, until: float, now: datetime) -> bool:
    """Import batch after batch; whether there is more to do and nobody else does it."""
    importer = importer_of(run, now=now)
    batches = importer.batches(skip=run.rows)
    done = run.rows
    while time.monotonic() < until:
        with transaction.atomic():
            held = ImportRun.objects.select_for_update().defer("content").get(pk=run.pk)
            if held.status != ImportStatus.RUNNING or held.rows != done:
                return False
            batch = next(batches, None)
            if batch is None:
                _end(run.pk, ImportStatus.DONE, now)
                return False
            _count(held, batch, importer.position, importer.restaurants_made)
            done = held.rows
    return True


def _count(run: ImportRun, batch: Batch, position: int, made: list[str]) -> None:
    """Add a batch to the run, in the transaction that imported it."""
    run.rows += batch.rows
    run.imported += batch.imported
    run.already_there += batch.already_there
    run.renamed += batch.renamed
    run.rejected += len(batch.rejects)
    run.position = position
    run.attempts = 0
    run.restaurants_made = sorted({*run.restaurants_made, *made})
    run.save(
        update_fields=[
            "rows", "imported", "already_there", "renamed", "rejected", "position", "attempts",
            "restaurants_made",
        ]
    )  # fmt: skip
    ImportReject.objects.bulk_create(_row(run, reject) for reject in batch.rejects)


def _row(run: ImportRun, reject: Reject) -> ImportReject:
    return ImportReject(
        run=run, line=reject.line, reason=reject.reason, cells=[_storable(cell) for cell in reject.cells]
    )


def _storable(cell: str) -> str:
    """The cell with a replacement character for what PostgreSQL cannot hold as text."""
    return cell.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _end(run_id: int, status: ImportStatus, now: datetime, problem: str = "") -> None:
    ImportRun.objects.filter(pk=run_id).update(
        status=status, problem=problem[:500], content=None, finished_at=now
    )
