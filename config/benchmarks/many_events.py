"""Fills a database with the events of a month of bookings, by COPY.

Each booking tells one of a few stories, in the proportions of a busy day: most are placed by V3 at the
first run, some after retries, some go to people, some are decided by the legacy planner with or without
a shadow run. Texts are put together by hand: at 30 million rows, formatting decides how long it takes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from config.benchmarks.stories import Story, stories
from observability.partitions import ensure_partitions

RESTAURANTS = 200
DAYS = 30

#: Days, up to now, whose bookings have rows of their own; events refer to the others by id only.
DAYS_WITH_BOOKINGS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What was loaded: how many events and bookings, over which days."""

    events: int
    bookings: int
    first_day: date
    days: int


def load(events: int, *, now: datetime, seed: int = 1) -> Loaded:
    """About `events` events of the DAYS before `now`, the same number each day."""
    told = stories()
    mean = sum(len(story.beats) * story.weight for story in told) / sum(story.weight for story in told)
    a_day = max(1, round(events / DAYS / mean))
    first = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
    ensure_partitions(today=first, days=DAYS + 1)
    _make_restaurants()
    writer = _Writer(told, Random(seed), now)  # noqa: S311 - data, not secrets
    with tqdm(total=DAYS, unit="day", desc="events", leave=False) as bar:
        for number in range(DAYS):
            writer.day(first + timedelta(days=number), a_day, rows=DAYS - number <= DAYS_WITH_BOOKINGS)
            bar.update()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('bookings_id_seq', %s)", [writer.bookings])
    return Loaded(events=writer.events, bookings=writer.bookings, first_day=first, days=DAYS)


class _Writer:
    """Writes days one after the other; ids of bookings run on."""

    def __init__(self, told: Sequence[Story], rng: Random, now: datetime) -> None:
        self.told, self.rng, self.now = told, rng, now
        self.events = self.bookings = 0

    def day(self, day: date, bookings: int, *, rows: bool) -> None:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        length = min(timedelta(days=1), self.now - start).total_seconds() * 1000
        chosen = self.rng.choices(self.told, [story.weight for story in self.told], k=bookings)
        first = self.bookings + 1
        self.bookings += bookings
        moments = [round(number * length / bookings) for number in range(bookings)]
        if rows:
            self._bookings(start, first, chosen, moments)
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY observability_events (source, event_type, severity, context, restaurant_id, booking_id,"
                " created_at) FROM STDIN"
            ) as copy,
        ):
            for block in self._blocks(day, first, chosen, moments):
                copy.write(block)

    def _blocks(
        self, day: date, first: int, chosen: Sequence[Story], moments: Sequence[int]
    ) -> Iterator[str]:
        lines: list[str] = []
        for number, (story, moment) in enumerate(zip(chosen, moments, strict=True)):
            at, booking = moment, first + number
            took = f"{self.rng.lognormvariate(3, 0.7):.1f}"
            wait = f"{self.rng.lognormvariate(-1, 0.7):.3f}"
            tail = f"\t{booking % RESTAURANTS + 1}\t{booking}\t{day} "
            for gap, source, event_type, severity, context in story.beats:
                at += gap
                text = context.replace("{d}", took).replace("{w}", wait)
                lines.append(f"{source}\t{event_type}\t{severity}\t{text}{tail}{_clock(at)}\n")
            self.events += len(story.beats)
            if len(lines) > 5_000:
                yield "".join(lines)
                lines = []
        yield "".join(lines)

    def _bookings(self, start: datetime, first: int, chosen: Sequence[Story], moments: Sequence[int]) -> None:
        columns = (
            "id, restaurant_id, reference, party_size, start_at, end_at, status, channel, guest_name,"
            " guest_email, guest_phone, notes, requires, locked, assignment_state, assignment_state_version,"
            " assignment_strategy, assignment_attempts, assignment_cycle_start, created_at, updated_at"
        )
        with connection.cursor() as cursor, cursor.copy(f"COPY bookings ({columns}) FROM STDIN") as copy:
            for number, (story, moment) in enumerate(zip(chosen, moments, strict=True)):
                at = start + timedelta(milliseconds=moment)
                copy.write_row(_booking(first + number, story, at))
        in_review = [
            (first + number, story.version, start + timedelta(milliseconds=moment))
            for number, (story, moment) in enumerate(zip(chosen, moments, strict=True))
            if story.state == "manual_review"
        ]
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY booking_assignment_state_history"
                " (booking_id, from_state, to_state, version, reason, metadata, created_at) FROM STDIN"
            ) as copy,
        ):
            for booking, version, at in in_review:
                copy.write_row(
                    (
                        booking,
                        "assignment_in_progress",
                        "manual_review",
                        version,
                        "no_capacity_at_time",
                        "{}",
                        at,
                    )
                )


def _booking(number: int, story: Story, at: datetime) -> tuple[Any, ...]:
    placed = "confirmed" if story.state == "confirmed" else "pending"
    seats = at + timedelta(days=2)
    return (
        number,
        number % RESTAURANTS + 1,
        f"B-{number}",
        2 + number % 5,
        seats,
        seats + timedelta(minutes=90),
        placed,
        "web",
        "",
        "",
        "",
        "",
        [],
        False,
        story.state,
        story.version,
        "",
        1,
        1,
        at,
        at,
    )


def _clock(milliseconds: int) -> str:
    """The time of a day; what runs over midnight stays before it."""
    seconds, rest = divmod(min(milliseconds, 86_399_999), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{rest:03}+00"


def _make_restaurants() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO restaurants (id, slug, name, timezone, active, buffer_minutes, max_slack, max_tables,
                                     max_party_auto, freeze_minutes, created_at, place_from_review,
                                     floor_plan_version)
            SELECT n, 'bench-' || n, 'House ' || n, 'Europe/London', true, 5, 4, 3, 12, 120, %s, false, 1
            FROM generate_series(1, %s) n
            """,
            [timezone.now(), RESTAURANTS],
        )
