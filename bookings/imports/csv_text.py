"""Reads CSV of unknown origin, record by record: what is broken is one bad record, never the end of it.

A quote that is never closed would swallow what follows. So a record that turns out bad after several
lines costs its first line only, and reading goes on with the second.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from bookings.imports.errors import FileError
from observability.csv_cells import unescaped

#: Characters of one line, its end included; longer ones are no booking.
LONGEST_LINE = 32_768

#: Lines a record may span: notes have paragraphs, not chapters.
MOST_LINES = 50

#: Columns of a file.
MOST_COLUMNS = 200

DELIMITERS = ",;\t"

_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_UTF_8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A row below the header. `line` is where it begins, from 1; `problem` says why it cannot be read."""

    line: int
    cells: tuple[str, ...]
    problem: str = ""


class CsvFile:
    """A CSV file open for reading in binary: its header at once, its records one after the other.

    Raises FileError if there is no usable header. `delimiter` is found out where it is not given.
    """

    def __init__(self, file: BinaryIO, *, delimiter: str | None = None) -> None:
        self._lines = _Lines(file)
        header = self._lines.take()
        if header is None:
            raise FileError("the file is empty; its first line must name the columns")
        self.delimiter = delimiter or _delimiter_of(header)
        self.columns = self._header(header)

    def _header(self, line: str) -> tuple[str, ...]:
        self._lines.put_back([line])
        record = self._record()
        if record is None or record.problem:
            raise FileError(f"line 1: {record.problem if record else 'the header is empty'}")
        columns = tuple(cell.strip() for cell in record.cells)
        _check_columns(columns)
        return columns

    def __iter__(self) -> Iterator[Record]:
        """The records; blank lines and lines of empty cells are passed over."""
        while (record := self._record()) is not None:
            if record.problem or any(cell.strip() for cell in record.cells):
                yield record

    def _record(self) -> Record | None:
        """The next record, None at the end."""
        gathered: list[str] = []
        try:
            cells = next(csv.reader(self._feed(gathered), delimiter=self.delimiter, strict=True), None)
        except csv.Error as error:
            return self._bad(gathered, _in_words(error, gathered))
        if cells is None:
            return None
        columns = getattr(self, "columns", cells)
        if cells and len(cells) != len(columns):
            return self._bad(gathered, f"{len(cells)} cells, but the header has {len(columns)} columns")
        problem = _unreadable(gathered)
        if problem:
            return self._bad(gathered, problem)
        line = self._lines.number - len(gathered) + 1
        return Record(line=line, cells=tuple(unescaped(cell) for cell in cells))

    def _feed(self, gathered: list[str]) -> Iterator[str]:
        while len(gathered) < MOST_LINES and (line := self._lines.take()) is not None:
            gathered.append(line)
            yield line

    def _bad(self, gathered: Sequence[str], problem: str) -> Record:
        """The first line as a bad record; the others are read again."""
        first, *others = gathered
        self._lines.put_back(others)
        return Record(line=self._lines.number, cells=(first.rstrip("\r\n"),), problem=problem)


class _Lines:
    """The lines of a file, decoded, cut at LONGEST_LINE; `number` counts those taken."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting: deque[str] = deque()
        self.number = 0

    def take(self) -> str | None:
        line = self._waiting.popleft() if self._waiting else self._read()
        if line is not None:
            self.number += 1
        return line

    def put_back(self, lines: Sequence[str]) -> None:
        self._waiting.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> str | None:
        line = self._file.readline(LONGEST_LINE)
        if not line:
            return None
        if self.number == 0:
            line = _without_mark(line)
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            self._skip_line()
            # A character for each byte, so that its length still tells that it was cut.
            return line.decode("ascii", "surrogateescape")
        # Bytes that are no UTF-8 become lone surrogates, found by `_unreadable`, written back to rejects.
        return line.decode("utf-8", "surrogateescape")

    def _skip_line(self) -> None:
        while (rest := self._file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass


def _without_mark(line: bytes) -> bytes:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if line.startswith(mark):
            raise FileError(f"line 1: the file is {encoding}; save it as UTF-8")
    return line.removeprefix(_UTF_8_MARK)


def _unreadable(lines: Sequence[str]) -> str:
    """Why lines that are well-formed CSV cannot be taken; empty if they can."""
    if any(len(line) >= LONGEST_LINE for line in lines):
        return f"the line is longer than {LONGEST_LINE - 1} characters"
    if any("\x00" in line for line in lines):
        return "the line has a NUL character; remove it"
    if any("\udc80" <= character <= "\udcff" for line in lines if not line.isascii() for character in line):
        return "the line is not UTF-8; save the file as UTF-8"
    return ""


def _in_words(error: csv.Error, lines: Sequence[str]) -> str:
    """The reader's complaint; what is wrong with the text itself comes first, since it often is the cause."""
    unreadable = _unreadable(lines[:1])
    if unreadable:
        return unreadable
    if "unexpected end of data" in str(error):
        return f"a quote is opened and not closed within {MOST_LINES} lines"
    return f"it is no well-formed CSV ({error}); double the quotes within a cell"


def _delimiter_of(header: str) -> str:
    """The delimiter that the header has most of; a comma where it has none."""
    return max(DELIMITERS, key=header.count)


def _check_columns(columns: Sequence[str]) -> None:
    named = [name for name in columns if name]
    if not named:
        raise FileError("line 1: the header is empty; it must name the columns")
    if len(columns) > MOST_COLUMNS:
        raise FileError(f"line 1: {len(columns)} columns are too many; at most {MOST_COLUMNS} are read")
    doubled = sorted({name for name in named if named.count(name) > 1})
    if doubled:
        raise FileError(f"line 1: the column {doubled[0]!r} is there more than once; rename one of them")
