"""CSV as spreadsheets may open it: no cell runs as a formula, and nothing of it is lost on the way back.

A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV injection").
A cell that looks so already gets one more, so that `unescaped` gives back exactly what was written.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escaped(cell: str) -> str:
    """The cell as it is written."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescaped(cell: str) -> str:
    """The cell that `escaped` was given. A cell no export wrote stays as it is but for the apostrophe."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def as_text(value: Any) -> str:
    """A value as a cell: None is empty, moments are ISO 8601 with their offset, lists joined by commas."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ",".join(as_text(part) for part in value)
    return str(value)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of a CSV file, one at a time, however many rows there are."""
    writer = csv.writer(_Echo())
    yield writer.writerow([escaped(name) for name in header])
    for row in rows:
        yield writer.writerow([escaped(as_text(value)) for value in row])
