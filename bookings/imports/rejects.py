"""Rows that were not imported, as a file: the same columns, then line and reason.

The file can be corrected and imported again. It holds personal data as the original does.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from bookings.imports.errors import FileError
from observability.csv_cells import csv_lines

OWN_COLUMNS = ("line", "reason")


class Rejected(Protocol):
    """A rejected row."""

    @property
    def line(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def cells(self) -> Sequence[str]: ...


def reject_lines(columns: Sequence[str], rejects: Iterable[Rejected]) -> Iterator[str]:
    """The file, line by line. A rejects file that was imported again keeps its two columns once."""
    kept = len(columns) - 2 if tuple(columns[-2:]) == OWN_COLUMNS else len(columns)
    rows = ([*_filled(reject.cells, kept), reject.line, reject.reason] for reject in rejects)
    return csv_lines([*columns[:kept], *OWN_COLUMNS], rows)


def _filled(cells: Sequence[str], width: int) -> list[str]:
    """A row that could not be taken apart is one cell: the line as it was."""
    return [*cells[:width], *[""] * (width - len(cells))]


class RejectsFile:
    """Where rejected rows go; nothing is written before the first."""

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        self._file = file
        self._columns = columns
        self.rows = 0

    def add(self, rejects: Sequence[Rejected]) -> None:
        header, *lines = reject_lines(self._columns, rejects)
        self._file.writelines([header, *lines] if rejects and not self.rows else lines)
        self.rows += len(rejects)


@contextmanager
def rejects_file(path: Path, *, source: Path, columns: Sequence[str]) -> Iterator[RejectsFile]:
    """A file for rejects that only its owner may read; one without rows is removed again.

    Raises FileError if it cannot be written, or is the file that is being imported.
    """
    try:
        if path.exists() and path.samefile(source):
            raise FileError(f"the rejects cannot be written to {path}, which is imported; name another file")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror}; name another file for the rejects"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        rejects = RejectsFile(file, columns)
        yield rejects
    if not rejects.rows:
        path.unlink(missing_ok=True)
