"""``manage.py import_bookings``: every good row once, every bad row told."""

import csv
import io
import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import OrmQ

from assignments.audit import Verdict, audit
from assignments.sweeper import sweep
from bookings.models import (
    Booking,
    BookingStatus,
    OutboxMessage,
    PacingLimit,
    Restaurant,
    StateChange,
    TurnTime,
)
from tests.factories import receive, serving_restaurant
from tests.integration.bookings.imports.files import HEADER, MAPPED, coming_rows, write_csv
from tests.processes import in_parallel

Import = Callable[..., str]

DAY = (timezone.now() + timedelta(days=10)).date()


def run_import(path: Path, *mapping: str, **options: Any) -> str:
    out = io.StringIO()
    given = ["--map", *mapping] if mapping else []
    call_command("import_bookings", str(path), *given, stdout=out, stderr=out, **options)
    return out.getvalue()


def run_mapped(path: Path, **options: Any) -> str:
    return run_import(path, *(f"{column}={field}" for column, field in MAPPED.items()), **options)


@pytest.fixture
def imported(db: None, tmp_path: Path) -> Import:
    """Imports a text or bytes as a file, columns named like fields."""

    def run(content: str | bytes, *mapping: str, **options: Any) -> str:
        path = tmp_path / "rows.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return run_import(path, *mapping, **options)

    return run


@pytest.fixture
def bistro(db: None) -> Restaurant:
    return serving_restaurant(4, slug="bistro", name="Bistro Nord")


def rejects_of(path: Path) -> list[dict[str, str]]:
    with Path(f"{path}.rejects.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


# Every good row once ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_good_row_is_imported_once_however_often_the_file_is(tmp_path: Path) -> None:
    slugs = [serving_restaurant(4).slug for _ in range(3)]
    rows, bad = coming_rows(slugs, 2_000)
    path = write_csv(tmp_path / "rows.csv", rows)
    good = len(rows) - bad
    assert f"2000 rows: {good} imported, 0 there already, {bad} rejected." in run_mapped(path)
    assert f"2000 rows: 0 imported, {good} there already, {bad} rejected." in run_mapped(path)
    assert Booking.objects.count() == StateChange.objects.count() == OrmQ.objects.count() == good
    rejects = rejects_of(path)
    assert list(rejects[0]) == [*HEADER, "line", "reason"]
    assert len(rejects) == bad
    assert all(reject["reason"] and rows[int(reject["line"]) - 2] for reject in rejects)


def test_two_imports_at_the_same_time_add_each_row_once(committed_db: None, tmp_path: Path) -> None:
    rows, bad = coming_rows([serving_restaurant(4).slug], 1_200)
    paths = [write_csv(tmp_path / name, rows) for name in ("one.csv", "two.csv")]
    told = in_parallel(run_mapped, [(path,) for path in paths])
    assert Booking.objects.count() == StateChange.objects.count() == OrmQ.objects.count() == 1_200 - bad
    counts = [[int(word) for word in text.splitlines()[-2].split() if word.isdecimal()] for text in told]
    assert sum(imported for _, imported, *_ in counts) == 1_200 - bad


def test_rows_that_are_alike_are_told_apart_by_their_count(imported: Import, bistro: Restaurant) -> None:
    row = f"bistro,{DAY} 19:00,2\n"
    header = "restaurant,start,party_size\n"
    assert "2 imported" in imported(header + row * 2)
    assert "1 imported, 2 there already" in imported(header + row * 3)
    assert Booking.objects.count() == 3


def test_a_refused_row_counts_so_that_the_corrected_file_adds_it(
    imported: Import, bistro: Restaurant
) -> None:
    header = "restaurant,start,party_size,email\n"
    bad, good = f"bistro,{DAY} 19:00,2,nonsense\n", f"bistro,{DAY} 19:00,2,a@example.org\n"
    assert "1 imported, 0 there already, 1 rejected" in imported(header + bad + good)
    assert "1 imported, 1 there already, 0 rejected" in imported(header + good + good)


def test_a_row_with_a_reference_is_that_booking(imported: Import, bistro: Restaurant) -> None:
    text = f"reference,start,party_size\nR-1,{DAY} 19:00,2\n"
    assert "1 imported" in imported(text, restaurant="bistro")
    assert Booking.objects.get().reference == "R-1"
    assert "1 there already" in imported(text.replace("19:00,2", "20:00,3"), restaurant="bistro")
    assert "line 3: reference: 'R-2' is in the file more than once" in imported(
        f"reference,start,party_size\nR-2,{DAY} 19:00,2\nR-2,{DAY} 20:00,2\n", restaurant="bistro"
    )


def test_a_reference_of_another_restaurant_or_too_long_is_kept_in_the_notes(
    imported: Import, bistro: Restaurant
) -> None:
    serving_restaurant(4, slug="other")
    long = "0f8fad5b-d9cb-469f-a165-70867728950e"
    text = f"reference,restaurant,start,party_size\nR-1,bistro,{DAY} 19:00,2\n"
    text += f"R-1,other,{DAY} 19:00,2\n{long},other,{DAY} 19:00,2\n"
    assert "2 got a new reference" in imported(text)
    assert "0 imported, 3 there already" in imported(text)
    notes = Booking.objects.filter(restaurant__slug="other").order_by("pk").values_list("notes", flat=True)
    assert list(notes) == ["Reference before the import: R-1", f"Reference before the import: {long}"]


def test_a_booking_of_a_channel_is_recognised_by_its_reference(imported: Import, bistro: Restaurant) -> None:
    booking = receive(bistro)
    assert "1 there already" in imported(
        f"reference,restaurant,start,party_size\n{booking.reference},bistro,{DAY} 19:00,2\n"
    )


# Coming bookings follow the intake's rules --------------------------------------------------------


def test_a_coming_booking_is_taken_in_whole(imported: Import, bistro: Restaurant) -> None:
    zone = bistro.zones.get()
    imported(
        "restaurant;start;end;party_size;received_at;status;channel;name;email;phone;notes;zone;requires\n"
        f"BISTRO NORD;{DAY}T19:00;{DAY} 20:15;3;2026-01-02 10:00;Confirmed;phone;Ada;ada@example.org;"
        f'\'+44 20;"two\nlines";{zone.name.upper()};Window, high chair\n'
    )
    booking = Booking.objects.get()
    assert (booking.restaurant, booking.party_size, booking.status) == (bistro, 3, BookingStatus.PENDING)
    assert (booking.assignment_state, booking.assignment_state_version) == ("created", 1)
    assert booking.end_at - booking.start_at == timedelta(minutes=75)
    assert (booking.channel, booking.guest_name, booking.guest_phone) == ("phone", "Ada", "+44 20")
    assert (booking.notes, booking.zone, booking.requires) == ("two\nlines", zone, ["high_chair", "window"])
    assert timezone.now() - booking.created_at < timedelta(minutes=1)


def test_pacing_counts_rows_of_the_same_file(imported: Import, bistro: Restaurant) -> None:
    PacingLimit.objects.create(restaurant=bistro, interval_minutes=15, max_covers=5)
    text = "start,party_size\n" + f"{DAY} 19:00,2\n" * 3
    for dry_run in (True, False):
        told = imported(text, restaurant="bistro", dry_run=dry_run)
        assert "line 4: start: too many guests arrive at 19:00 already; the nearest free time is" in told
    assert Booking.objects.count() == 2
    assert "1 imported, 2 there already" in imported(text, restaurant="bistro", by_staff=True)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("bistro,{day} 12:00,2,,", "start: Bistro Nord does not serve at"),
        ("bistro,{day} 19:00,13,,", "party_size: 13 guests are more than Bistro Nord seats"),
        (
            "bistro,2020-01-01 19:00,2,,",
            "start: 2020-01-01 19:00 UTC has passed; import past bookings as history",
        ),
        ("bistro,1999-01-01 19:00,2,,", "start: the year 1999 is too long ago"),
        ("bistro,{day} 19:00,2,cancelled,", "status: a booking that is cancelled needs no table"),
        ("bistro,{day} 19:00,2,eaten,", "status: 'eaten' is no status; known: pending"),
        ("bistro,{day} 19:00,2,,sea", "zone: 'sea' is no zone of Bistro Nord"),
        ("nowhere,{day} 19:00,2,,", "restaurant: there is no 'nowhere'"),
        (",{day} 19:00,2,,", "restaurant: the cell is empty"),
        ("bistro,21/11/2030 19:00,2,,", "start: '21/11/2030 19:00' is no time"),
        ("bistro,2030-02-30 19:00,2,,", "start: '2030-02-30 19:00' is not in the calendar"),
        ("bistro,2030-03-31 01:30,2,,", "start: 2030-03-31 01:30 does not exist in Europe/London"),
        ("bistro,2030-10-27 01:30,2,,", "start: 2030-10-27 01:30 happens twice in Europe/London"),
        ("bistro,{day} 19:00,2.5,,", "party_size: '2.5' is no number of guests"),
        ("bistro,{day} 19:00,0,,", "party_size: 0 is no party"),
        ("bistro,{day} 19:00,2", "3 cells, but the header has 5 columns"),
        ('bistro,{day} 19:00,"2,,', "a quote is opened and not closed"),
        ("bistro,{day} 19:00,2\x00,,", "the line has a NUL character"),
        ("bistro,{day} 19:00,2,\udcff,", "the line is not UTF-8"),
        ("bistro,{day} 19:00,2,,{long}", "the line is longer than"),
    ],
)
def test_a_bad_row_is_told_with_line_and_reason_and_the_others_are_kept(
    cells: str, reason: str, imported: Import, bistro: Restaurant, tmp_path: Path
) -> None:
    good = f"bistro,{DAY} 19:00,2,,"
    bad = cells.replace("{day}", str(DAY)).replace("{long}", "x" * 40_000)
    text = f"restaurant,start,party_size,status,zone\n{good}\n{bad}\n{good}\n"
    told = imported(text.encode("utf-8", "surrogateescape"))
    assert f"line 3: {reason}" in told
    assert "3 rows: 2 imported, 0 there already, 1 rejected." in told
    (reject,) = rejects_of(tmp_path / "rows.csv")
    assert (reject["line"], reject["reason"].startswith(reason)) == ("3", True)


def test_reasons_name_no_personal_data(imported: Import, bistro: Restaurant) -> None:
    text = f"start,party_size,name,email,phone,notes\n{DAY} 19:00,2,{'Ada' * 90},a,b,c\n"
    text += f"{DAY} 19:00,2,Ada,secret-address,b,c\n{DAY} 19:00,2,Ada,a@example.org,{'0123' * 20},c\n"
    told = imported(text, restaurant="bistro")
    assert "3 rejected" in told
    assert "Ada" not in told
    assert "secret" not in told
    assert "0123" not in told


@pytest.mark.parametrize(
    ("zone", "start", "utc"),
    [
        ("Europe/Athens", "2030-07-05 20:00", "2030-07-05T17:00:00+00:00"),
        ("Europe/Athens", "2030-07-05 20:00+01:00", "2030-07-05T19:00:00+00:00"),
        ("Europe/Athens", "2030-07-05T17:00:00Z", "2030-07-05T17:00:00+00:00"),
    ],
)
def test_a_time_without_offset_is_on_the_restaurants_clock(
    zone: str, start: str, utc: str, imported: Import
) -> None:
    serving_restaurant(4, slug="taverna", timezone=zone)
    imported(f"start,party_size\n{start},2\n", restaurant="taverna")
    assert Booking.objects.get().start_at.isoformat() == utc


def test_another_clock_can_be_named_for_the_file(imported: Import) -> None:
    serving_restaurant(4, slug="taverna", timezone="Europe/Athens")
    imported("start,party_size\n2030-07-05 17:00,2\n", restaurant="taverna", timezone="UTC")
    assert Booking.objects.get().start_at.isoformat() == "2030-07-05T17:00:00+00:00"


# History ------------------------------------------------------------------------------------------


def test_history_is_neither_assigned_nor_mailed_nor_audited(imported: Import, bistro: Restaurant) -> None:
    TurnTime.objects.create(restaurant=bistro, min_party=1, max_party=9, minutes=45)
    told = imported(
        "restaurant,start,party_size,received_at,status,email,channel\n"
        "bistro,2024-05-03 12:00,20,2024-05-01 09:30,no-show,a@example.org,\n"
        "bistro,2024-05-03 19:00,2,,,a@example.org,web\n"
        f"bistro,{DAY} 19:00,2,,canceled,,\n",
        as_history=True,
    )
    assert "3 imported" in told
    first, second, third = Booking.objects.order_by("pk")
    assert first.created_at == first.updated_at == datetime(2024, 5, 1, 8, 30, tzinfo=UTC)
    assert (first.status, first.channel) == (BookingStatus.NO_SHOW, "import")
    assert second.end_at - second.start_at == timedelta(minutes=45)
    assert (second.status, second.created_at, second.channel) == ("completed", second.start_at, "web")
    assert third.status == BookingStatus.CANCELLED
    assert set(Booking.objects.values_list("assignment_state", "assignment_state_version")) == {(None, 0)}
    swept = sweep(now=timezone.now(), overdue_after=timedelta(0))
    assert (swept.lost_runs, swept.overdue) == (0, 0)
    for left in (StateChange, OutboxMessage, OrmQ):
        assert not left.objects.exists()
    breaches = [finding for finding in audit(within=timedelta(0)) if finding.verdict is Verdict.BREACH]
    assert breaches == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"{DAY} 19:00,,2,", "has not passed; import coming bookings not as history"),
        ("2024-05-03 19:00,2024-05-03 18:00,2,", "end: 2024-05-03 17:00 UTC is not after the start"),
        ("2024-05-03 19:00,,2,nonsense", "email: this is no e-mail address"),
        ("2024-05-03 19:00,,99999,", "party_size: 99999 is no party"),
    ],
)
def test_what_cannot_be_history_is_refused(
    row: str, reason: str, imported: Import, bistro: Restaurant
) -> None:
    told = imported(f"start,end,party_size,email\n{row}\n", restaurant="bistro", as_history=True)
    assert reason in told
    assert not Booking.objects.exists()


# Restaurants --------------------------------------------------------------------------------------


def test_unknown_restaurants_are_created_from_the_template_when_asked_for(imported: Import) -> None:
    text = f"Venue,start,party_size\nChez Léon,{DAY} 19:00,2\nchez léon,{DAY} 19:00,4\n,{DAY} 19:00,4\n"
    options: dict[str, Any] = {"restaurant_column": "Venue", "create_restaurants": True}
    assert "Restaurants would be created: chez-leon." in imported(text, dry_run=True, **options)
    assert not Restaurant.objects.exists()
    told = imported(text, timezone="Europe/Paris", **options)
    assert "2 imported, 0 there already, 1 rejected" in told
    created = Restaurant.objects.get()
    assert (created.slug, created.name, created.timezone) == ("chez-leon", "Chez Léon", "Europe/Paris")
    assert created.tables.count() == 10


def test_another_template_can_be_given(imported: Import, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    table = {"id": "1", "zone": "A", "capacity": 2}
    service = {"name": "All day", "opens": "00:00", "closes": "00:00"}
    house = {"restaurant": "x", "timezone": "UTC", "tables": [table], "service_periods": [service]}
    plan.write_text(json.dumps(house))
    made: dict[str, Any] = {"restaurant": "New", "create_restaurants": True, "template": plan}
    imported(f"start,party_size\n{DAY} 03:00,2\n", **made)
    assert Booking.objects.get().restaurant.tables.count() == 1
    plan.write_text("{}")
    with pytest.raises(CommandError, match="is no floor plan"):
        imported("start,party_size\n", **made)


def test_a_name_of_two_restaurants_is_refused(imported: Import, bistro: Restaurant) -> None:
    serving_restaurant(4, name="Bistro Nord")
    told = imported(f"restaurant,start,party_size\nBistro Nord,{DAY} 19:00,2\n")
    assert "more than one restaurant is called 'Bistro Nord'; write its slug" in told


# Files --------------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_tells_the_same(imported: Import, bistro: Restaurant) -> None:
    text = f"start,party_size\n{DAY} 19:00,2\n{DAY} 19:00,none\n"
    assert "1 would be imported, 0 there already, 1 rejected" in imported(
        text, restaurant="bistro", dry_run=True
    )
    assert not Booking.objects.exists()


def test_the_rejects_file_is_its_owners_and_can_be_imported_when_corrected(
    imported: Import, bistro: Restaurant, tmp_path: Path
) -> None:
    imported(f"start,party_size,name\n{DAY} 19:00,x,=Ada\n", restaurant="bistro")
    rejects = tmp_path / "rows.csv.rejects.csv"
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert "'=Ada" in rejects.read_text()
    assert "1 rejected" in run_import(rejects, restaurant="bistro")
    again = Path(f"{rejects}.rejects.csv").read_text()
    assert again.splitlines()[0] == "start,party_size,name,line,reason"
    rejects.write_text(rejects.read_text().replace(",x,", ",2,"))
    assert "1 imported" in run_import(rejects, restaurant="bistro")
    assert Booking.objects.get().guest_name == "=Ada"
    assert not Path(f"{rejects}.rejects.csv").exists()


def test_rejects_do_not_overwrite_what_is_imported_nor_follow_links(
    imported: Import, bistro: Restaurant, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    with pytest.raises(CommandError, match="which is imported"):
        imported("start,party_size\n", restaurant="bistro", rejects=path)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CommandError, match="cannot be written"):
        imported("start,party_size\n", restaurant="bistro", rejects=tmp_path / "link")
    assert path.read_text() == "start,party_size\n"
    assert not os.path.lexists(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("content", "mapping", "reason"),
    [
        (b"", [], "the file is empty"),
        (b"\n\n", [], "the header is empty"),
        (b"start,start\n", [], "'start' is there more than once"),
        (b"\xff\xfes\x00", [], "the file is UTF-16"),
        (b"start,\xff\n", [], "line 1: the line is not UTF-8"),
        (b'start,"party\n' * 60, [], "line 1: "),
        (b"start,party_size\n", ["When=start"], "no column 'When'; columns: start, party_size"),
        (b"start,party_size\n", ["start=beginning"], "'beginning' is no field; fields: reference"),
        (b"start,party_size\n", ["start=start", "party_size=start"], "two columns are mapped to start"),
        (b"start,party_size\n", ["start=start"], "no column is mapped to party_size"),
        (b"start,party_size\n", ["start=start", "start=end"], "a column is mapped twice"),
        (b"start,party_size\n", ["start"], "'start' maps nothing"),
        (b",".join(b"c%d" % n for n in range(300)), [], "300 columns are too many"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    content: bytes, mapping: list[str], reason: str, imported: Import, bistro: Restaurant
) -> None:
    with pytest.raises(CommandError, match=reason) as refused:
        imported(content, *mapping, restaurant="bistro")
    assert refused.value.returncode == 2 or "maps nothing" in reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"restaurant": "nowhere"}, "there is no 'nowhere'"),
        ({"restaurant": "bistro", "timezone": "Mars"}, "'Mars' is no time zone"),
        ({}, "no column is mapped to restaurant"),
        ({"restaurant_column": "Venue"}, "no column 'Venue'"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(
    options: dict[str, Any], reason: str, imported: Import, bistro: Restaurant
) -> None:
    with pytest.raises(CommandError, match=reason) as refused:
        imported("start,party_size\n", **options)
    assert refused.value.returncode == 2


def test_a_missing_file_is_refused(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file") as refused:
        run_import(tmp_path / "none.csv")
    assert refused.value.returncode == 2
