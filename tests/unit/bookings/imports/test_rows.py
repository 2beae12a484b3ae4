"""Rows and files of unknown origin: understood or refused, never anything else."""

import csv
import io
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bookings.imports.csv_text import MOST_LINES, CsvFile, Record
from bookings.imports.errors import FileError, RowError
from bookings.imports.mapping import FIELDS, suggested
from bookings.imports.rows import details_of, identity_of, instant

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]

digits = st.text("0123456789٣-+:TZ ., ", max_size=30)
moments = st.datetimes().map(lambda moment: moment.isoformat(" ", "minutes"))
words = st.sampled_from(["confirmed", "No-Show", "canceled", "4", "0", "99999999999", "window;quiet"])
cell = st.one_of(st.text(max_size=40), digits, moments, words)


def records(content: bytes) -> list[Record]:
    return list(CsvFile(io.BytesIO(content)))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(cells=st.dictionaries(st.sampled_from(list(FIELDS)), cell), zone=st.sampled_from(ZONES))
@example(cells={"restaurant": "a", "party_size": "2", "start": "0001-01-01 00:00"}, zone="Asia/Kathmandu")
@example(cells={"restaurant": "a", "party_size": "2", "start": "9999-12-31 23:59"}, zone="America/New_York")
@example(
    cells={"restaurant": "a", "party_size": "2", "start": "0001-01-01T00:00+14:00"}, zone="Europe/London"
)
def test_a_row_is_understood_or_refused(cells: dict[str, str], zone: str) -> None:
    with suppress(RowError):
        identity = identity_of(cells)
        start = instant("start", identity.start, ZoneInfo(zone))
        assert start.utcoffset() == timedelta(0)
        assert identity.party_size >= 1
        assert all(details_of(cells).requires)


@given(st.integers(978_307_200, 4_102_444_800), st.sampled_from(ZONES))
def test_a_moment_written_with_its_offset_is_read_as_that_instant(seconds: int, zone: str) -> None:
    moment = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    cells = {"restaurant": "a", "party_size": "2", "start": moment.isoformat()}
    assert instant("start", identity_of(cells).start, ZoneInfo("UTC")).timestamp() == seconds


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        found = records(content)
    except FileError:
        return
    assert all(record.line > 1 for record in found)
    lines = [record.line for record in found]
    assert lines == sorted(set(lines))


@given(st.text(alphabet='a",\n\r;', max_size=200))
def test_any_quotes_are_read_or_refused(text: str) -> None:
    for record in records(b"a,b\n" + text.encode()):
        assert record.problem or len(record.cells) == 2


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=2, max_size=2)
    )
)
def test_what_a_spreadsheet_writes_is_read_as_it_was(rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    kept = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    if any(cell.startswith("'") or cell.count("\n") + cell.count("\r") > 10 for row in kept for cell in row):
        return
    assert [record.cells for record in records(file.getvalue().encode()) if not record.problem] == kept


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with BOM"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiter_byte_order_mark_and_line_ends_are_found_out(delimiter: str, mark: bytes, end: str) -> None:
    text = end.join([delimiter.join("ab"), delimiter.join("12"), ""])
    file = CsvFile(io.BytesIO(mark + text.encode()))
    assert (file.columns, [(record.line, record.cells) for record in file]) == (("a", "b"), [(2, ("1", "2"))])


def test_an_open_quote_costs_its_own_line_only() -> None:
    lines = ['1,"open', *(f"{number},x" for number in range(2, 3 * MOST_LINES))]
    found = records("\n".join(["a,b", *lines, ""]).encode())
    assert found[0].line == 2
    assert found[0].problem
    assert [record.cells[0] for record in found[1:]] == [str(number) for number in range(2, 3 * MOST_LINES)]


def test_a_record_of_several_lines_is_at_its_first() -> None:
    found = records(b'a,b\n1,"two\nlines"\n\n3,4\n')
    assert [(record.line, record.cells) for record in found] == [(2, ("1", "two\nlines")), (5, ("3", "4"))]


def test_a_huge_line_is_refused_whatever_its_encoding() -> None:
    for character in "xä€":
        found = records(f"a,b\n1,{character * 70_000}\n2,3\n".encode())
        assert [(record.line, bool(record.problem)) for record in found] == [(2, True), (3, False)]


def test_columns_are_mapped_by_what_they_are_usually_called() -> None:
    columns = ["Booking-ID", "Venue", "Date/Time", "PAX", "Guests", "Customer Name", "E-Mail", "Colour"]
    assert suggested(columns) == {
        "Booking-ID": "reference",
        "Venue": "restaurant",
        "Date/Time": "start",
        "PAX": "party_size",
        "Customer Name": "name",
        "E-Mail": "email",
    }
