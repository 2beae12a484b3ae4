"""An import of bookings, batch by batch: constant memory however long the file is."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import BinaryIO
from zoneinfo import available_timezones

from bookings.imports.arrivals import Arrivals
from bookings.imports.csv_text import CsvFile, Record
from bookings.imports.drafts import Draft, draft_of
from bookings.imports.errors import FileError, RowError
from bookings.imports.houses import Houses, Maker
from bookings.imports.identity import Alike
from bookings.imports.mapping import mapped
from bookings.imports.options import Options
from bookings.imports.storing import Store

#: Rows looked at and saved together.
BATCH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """A row that was not imported, and why. Its cells may hold personal data, the reason does not."""

    line: int
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What became of some rows. `renamed` are those of the imported that got another reference."""

    rows: int
    imported: int
    already_there: int
    renamed: int
    rejects: tuple[Reject, ...]


class BookingImport:
    """An import of a file. Raises FileError if the file or what was asked for cannot be used at all."""

    def __init__(self, file: BinaryIO, *, options: Options, now: datetime, make: Maker | None = None) -> None:
        self._content = file
        self._file = CsvFile(file, delimiter=options.delimiter)
        self._mapped = mapped(columns=self._file.columns, options=options)
        if options.timezone and options.timezone not in available_timezones():
            raise FileError(f"{options.timezone!r} is no time zone; write one like Europe/London")
        arrivals = Arrivals()
        self._options = options
        self._houses = Houses(count=arrivals.count, timezone=options.timezone, make=make)
        self._store = Store(
            arrivals=arrivals, as_history=options.as_history, dry_run=options.dry_run, now=now
        )
        if options.restaurant:
            self._check_restaurant(options.restaurant)

    @property
    def columns(self) -> tuple[str, ...]:
        return self._file.columns

    @property
    def position(self) -> int:
        """Bytes read so far; the file is read a little ahead."""
        return self._content.tell()

    @property
    def restaurants_made(self) -> list[str]:
        """Slugs of the restaurants created so far."""
        return self._houses.made

    def batches(self, *, skip: int = 0) -> Generator[Batch, None, None]:
        """Import the rows, a batch at a step, each in its own transaction.

        The first `skip` rows are counted among their like and nothing else: they were imported before.
        """
        records = iter(self._file)
        with closing(Alike()) as alike:
            for record in islice(records, skip):
                self._draft(record, alike)
            while batch := [(record, self._draft(record, alike)) for record in islice(records, BATCH)]:
                yield self._batch(batch)

    def _batch(self, judged: Sequence[tuple[Record, Draft | RowError]]) -> Batch:
        drafts = [(record, draft) for record, draft in judged if isinstance(draft, Draft)]
        stored = self._store.take_in([draft for _, draft in drafts])
        broken = [(record, error) for record, error in judged if isinstance(error, RowError)]
        broken += [(drafts[place][0], error) for place, error in stored.refused]
        return Batch(
            rows=len(judged),
            imported=stored.imported,
            already_there=stored.already_there,
            renamed=stored.renamed,
            rejects=tuple(
                Reject(line=record.line, reason=str(error), cells=record.cells)
                for record, error in sorted(broken, key=lambda pair: pair[0].line)
            ),
        )

    def _draft(self, record: Record, alike: Alike) -> Draft | RowError:
        if record.problem:
            return RowError("", record.problem)
        try:
            return draft_of(
                self._mapped.cells(record.cells),
                restaurant=self._options.restaurant,
                houses=self._houses,
                alike=alike,
                by_staff=self._options.by_staff,
            )
        except RowError as error:
            return error

    def _check_restaurant(self, name: str) -> None:
        try:
            self._houses.house(name)
        except RowError as error:
            raise FileError(str(error)) from error
