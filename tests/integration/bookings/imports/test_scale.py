"""Large files: each good row once, in constant memory. `make test-import` runs it with 100,000 rows."""

import gc
import os
import tracemalloc
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from bookings.imports import run
from bookings.imports.options import Options
from bookings.models import Booking
from tests.factories import serving_restaurant
from tests.integration.bookings.imports.files import MAPPED, coming_rows, write_csv

pytestmark = pytest.mark.django_db

ROWS = int(os.environ.get("IMPORT_ROWS", "1000"))


def import_file(path: Path) -> str:
    out = StringIO()
    mapping = [f"{column}={field}" for column, field in MAPPED.items()]
    call_command("import_bookings", str(path), "--map", *mapping, stdout=out, stderr=out)
    return out.getvalue().splitlines()[-2]


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python holds half way, when the driver has cached its statements, and after the last batch."""
    monkeypatch.setattr(run, "BATCH", min(ROWS // 20, run.BATCH))
    rows, _ = coming_rows([serving_restaurant(4).slug for _ in range(3)], ROWS)
    path = write_csv(tmp_path / "rows.csv", rows)
    held = []
    with path.open("rb") as file:
        importer = run.BookingImport(file, options=Options(columns=MAPPED), now=timezone.now())
        tracemalloc.start()
        for _ in importer.batches():
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert len(held) >= 20
    growth = held[-1] - held[len(held) // 2]
    assert growth < 40_000 + 4 * ROWS  # caches of statements; a row's digest alone is 16 bytes


@pytest.mark.skipif("IMPORT_ROWS" not in os.environ, reason="the full size is run by make test-import")
def test_a_large_file_is_imported_once_however_often_it_is(tmp_path: Path) -> None:
    rows, bad = coming_rows([serving_restaurant(4).slug for _ in range(20)], ROWS)
    path = write_csv(tmp_path / "rows.csv", rows)
    good = ROWS - bad
    assert import_file(path) == f"{ROWS} rows: {good} imported, 0 there already, {bad} rejected."
    assert import_file(path) == f"{ROWS} rows: 0 imported, {good} there already, {bad} rejected."
    assert Booking.objects.count() == good
