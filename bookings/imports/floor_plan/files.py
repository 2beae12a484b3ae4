"""Floor-plan files: JSON, or CSV with a record a line, as the content of a document."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bookings.imports.csv_text import CsvFile, Record
from bookings.imports.errors import FileError
from bookings.imports.floor_plan.reading import Path, Problem

#: Bytes; a floor plan is a few kilobytes.
LARGEST = 5_000_000

#: Record of a CSV file to section of the document; the restaurant's own cells are the document's.
SECTIONS: Mapping[str, str] = {
    "zone": "zones",
    "table": "tables",
    "adjacency": "adjacencies",
    "combination": "combinations",
    "service_period": "service_periods",
    "turn_time": "turn_times",
    "closure": "closures",
    "block": "blocks",
}

_LISTS = {"attributes", "weekdays", "tables"}
_WORDS = {"true": True, "yes": True, "false": False, "no": False}
_TRUTHS = {"movable", "active", "place_from_review"}
_NUMBERS = {
    "capacity", "min_party", "max_party", "sort_order", "minutes", "interval_minutes", "max_covers",
    "buffer_minutes", "max_slack", "max_tables", "max_party_auto", "freeze_minutes",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """The content of a file, and for CSV the line of each part."""

    content: object
    lines: Mapping[Path, int]

    def located(self, problem: Problem) -> str:
        """The problem with its place in the file: the line of CSV, the path in JSON."""
        for length in range(len(problem.path), -1, -1):
            line = self.lines.get(problem.path[:length])
            if line:
                return f"line {line}: {'.'.join(map(str, problem.path[length:]))}: {problem.reason}"
        return str(problem)


def documents(content: bytes, *, is_csv: bool) -> list[Document]:
    """The documents of a file; JSON may hold a list of them. Raises FileError for what is neither."""
    if len(content) > LARGEST:
        raise FileError(f"{len(content)} bytes are too many for a floor plan; at most {LARGEST} are read")
    if is_csv:
        return [_from_csv(CsvFile(io.BytesIO(content)))]
    decoded = _from_json(content)
    return [
        Document(content=part, lines={}) for part in (decoded if isinstance(decoded, list) else [decoded])
    ]


def _from_json(content: bytes) -> object:
    try:
        return json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=_without_doubles, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(f"line {line}: the file is not UTF-8; save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise FileError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise FileError("no floor plan: nested too deeply") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        doubled = next(key for key, _ in pairs if [name for name, _ in pairs].count(key) > 1)
        raise FileError(f"the key {doubled!r} is there twice in one object")
    return found


def _no_constant(name: str) -> float:
    raise FileError(f"{name} is not JSON")


def _from_csv(file: CsvFile) -> Document:
    if "record" not in file.columns:
        raise FileError(f"line 1: no column 'record'; it says what a line is: restaurant, pacing, {_known()}")
    content: dict[str, Any] = {}
    lines: dict[Path, int] = {}
    for record in file:
        cells = _cells(file, record)
        kind = cells.pop("record", "")
        if kind == "restaurant":
            content.update(cells)
            lines[()] = record.line
        elif kind == "pacing":
            content["pacing"] = cells
            lines["pacing",] = record.line
        elif kind in SECTIONS:
            section = content.setdefault(SECTIONS[kind], [])
            lines[SECTIONS[kind], len(section)] = record.line
            section.append(cells.get("tables") if kind == "adjacency" else cells)
        else:
            raise FileError(
                f"line {record.line}: {kind!r} is no record; known: restaurant, pacing, {_known()}"
            )
    return Document(content=content, lines=lines)


def _known() -> str:
    return ", ".join(SECTIONS)


def _cells(file: CsvFile, record: Record) -> dict[str, Any]:
    """The cells that are not empty, as JSON would have them."""
    if record.problem:
        raise FileError(f"line {record.line}: {record.problem}")
    cells = zip(file.columns, (cell.strip() for cell in record.cells), strict=True)
    return {column: _value(column, cell) for column, cell in cells if column and cell}


def _value(column: str, cell: str) -> object:
    """What cannot be understood stays text, which the document's reader refuses with its place."""
    if column in _LISTS:
        return [part for part in (part.strip() for part in re.split(r"[,;|]", cell)) if part]
    if column in _TRUTHS:
        return _WORDS.get(cell.lower(), cell)
    return int(cell) if column in _NUMBERS and re.fullmatch(r"-?[0-9]{1,9}", cell) else cell
