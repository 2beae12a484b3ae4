"""Files to import, made up: coming bookings with every so many broken rows."""

import csv
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

HEADER = ("Venue", "When", "Guests", "Booked", "Customer", "Mail")

#: --map for HEADER.
MAPPED = {
    "Venue": "restaurant",
    "When": "start",
    "Guests": "party_size",
    "Booked": "received_at",
    "Customer": "name",
    "Mail": "email",
}

#: What is done to a row so that it cannot be imported.
BREAKS = (
    lambda row: [*row, "one too many"],
    lambda row: row[:3],
    lambda row: [row[0], "next friday", *row[2:]],
    lambda row: [*row[:2], "four", *row[3:]],
    lambda row: [*row[:5], "no address"],
    lambda row: ["nowhere", *row[1:]],
    lambda row: [row[0], "", *row[2:]],
    lambda row: [*row[:2], "0", *row[3:]],
)


def write_csv(path: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def coming_rows(
    slugs: Sequence[str], count: int, *, broken: float = 0.05, seed: int = 1
) -> tuple[list[list[str]], int]:
    """Rows of parties at 17:00 to 20:45 on the days ahead, and how many of them are broken.

    Some are alike on purpose: two parties of a size booked in the same second for the same time.
    """
    rng = random.Random(seed)
    first = timezone.now().date() + timedelta(days=2)
    rows: list[list[str]] = []
    bad = 0
    for number in range(count):
        day = first + timedelta(days=number % 300)
        row = [
            slugs[number % len(slugs)],
            f"{day} {17 + number % 4}:{15 * (number % 3):02}",
            str(1 + number % 6),
            f"{first - timedelta(days=3)} 12:{number // 2 % 60:02}:00",
            f"Guest {number}",
            f"guest{number}@example.org",
        ]
        if rng.random() < broken:
            row = rng.choice(BREAKS)(row)
            bad += 1
        rows.append(row)
    return rows, bad
