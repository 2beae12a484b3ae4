"""``manage.py import_bookings FILE``: bookings from a CSV file, streaming; importing twice adds nothing."""

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from bookings.imports.csv_text import DELIMITERS
from bookings.imports.errors import FileError
from bookings.imports.mapping import FIELDS
from bookings.imports.options import Options
from bookings.imports.rejects import rejects_file
from bookings.imports.run import Batch, BookingImport
from bookings.imports.template import PLAIN, maker

#: Exit status for a file or an option that cannot be used.
UNUSABLE = 2

#: Problems printed; all of them stand in the rejects file.
MOST_PRINTED = 20


class Command(BaseCommand):
    help = (
        "Import bookings from a CSV file. Coming bookings are taken in as a channel's and assigned; with "
        "--as-history past ones are kept as history. Rows that cannot be imported go to a rejects file "
        "with line and reason. Importing the same file again adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV file with a header, UTF-8")
        parser.add_argument(
            "--map",
            dest="columns",
            type=_column_and_field,
            nargs="+",
            action="extend",
            default=[],
            metavar="COLUMN=FIELD",
            help=f"column of the file and what it holds; without it columns named like a field are taken. "
            f"Fields: {', '.join(FIELDS)}",
        )
        restaurant = parser.add_mutually_exclusive_group()
        restaurant.add_argument("--restaurant", default="", help="slug or name of the restaurant of all rows")
        restaurant.add_argument(
            "--restaurant-column", default="", metavar="COLUMN", help="the same as COLUMN=restaurant"
        )
        parser.add_argument(
            "--timezone", default="", help="clock of times without an offset; default: each restaurant's"
        )
        parser.add_argument(
            "--delimiter", choices=[*DELIMITERS, "tab"], help="default: found out from the header"
        )
        parser.add_argument(
            "--as-history", action="store_true", help="past bookings: not assigned, not mailed"
        )
        parser.add_argument(
            "--by-staff", action="store_true", help="take large parties and ignore pacing; both go to review"
        )
        parser.add_argument(
            "--create-restaurants",
            action="store_true",
            help="create unknown ones instead of refusing their rows",
        )
        parser.add_argument(
            "--template",
            type=Path,
            default=PLAIN,
            metavar="PLAN",
            help="floor plan of those that are created",
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="default: FILE.rejects.csv")

    def handle(self, *, file: Path, rejects: Path | None, dry_run: bool, **given: Any) -> None:
        where = rejects or file.with_name(f"{file.name}.rejects.csv")
        now = timezone.now()
        try:
            make = (
                maker(path=given["template"], timezone=given["timezone"], now=now)
                if given["create_restaurants"]
                else None
            )
            with file.open("rb") as content, _undone() if dry_run else nullcontext():
                run = BookingImport(content, options=_options(given, dry_run=dry_run), now=now, make=make)
                counts = self._import(run, where, file)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}", returncode=UNUSABLE) from error
        except FileError as error:
            raise CommandError(f"{file}: {error}", returncode=UNUSABLE) from error
        self._tell(counts, run, where, dry_run=dry_run)

    def _import(self, run: BookingImport, where: Path, source: Path) -> Counter[str]:
        counts: Counter[str] = Counter()
        with (
            rejects_file(where, source=source, columns=run.columns) as rejects,
            tqdm(total=source.stat().st_size, unit="B", unit_scale=True, disable=None) as bar,
        ):
            for batch in run.batches():
                self._warn(batch, printed=counts["rejected"])
                rejects.add(batch.rejects)
                counts += Counter(
                    rows=batch.rows,
                    imported=batch.imported,
                    already_there=batch.already_there,
                    renamed=batch.renamed,
                    rejected=len(batch.rejects),
                )
                bar.update(run.position - bar.n)
        return counts

    def _warn(self, batch: Batch, *, printed: int) -> None:
        for reject in batch.rejects[: max(0, MOST_PRINTED - printed)]:
            self.stderr.write(f"line {reject.line}: {reject.reason}")

    def _tell(self, counts: Counter[str], run: BookingImport, where: Path, *, dry_run: bool) -> None:
        done = "would be imported" if dry_run else "imported"
        self.stdout.write(
            f"{counts['rows']} rows: {counts['imported']} {done}, {counts['already_there']} there already, "
            f"{counts['rejected']} rejected."
        )
        if run.restaurants_made:
            made = "would be created" if dry_run else "created"
            self.stdout.write(f"Restaurants {made}: {', '.join(run.restaurants_made)}.")
        if counts["renamed"]:
            self.stdout.write(f"{counts['renamed']} got a new reference; their own stands in their notes.")
        if counts["rejected"]:
            self.stdout.write(f"The rejected rows are in {where}, with line and reason.")


@contextmanager
def _undone() -> Iterator[None]:
    """A transaction that leaves nothing: restaurants that a dry run creates are there for its rows only."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _options(given: Mapping[str, Any], *, dry_run: bool) -> Options:
    columns = dict(given["columns"])
    if len(columns) < len(given["columns"]):
        raise FileError("a column is mapped twice; map it to one field")
    names = ("restaurant", "restaurant_column", "timezone", "as_history", "by_staff")
    return Options(
        columns=columns,
        delimiter="\t" if given["delimiter"] == "tab" else given["delimiter"],
        dry_run=dry_run,
        **{name: given[name] for name in names},
    )


def _column_and_field(text: str) -> tuple[str, str]:
    # From the right: a column may have an equals sign in its name, a field has none.
    column, equals, field = text.rpartition("=")
    if not equals or not column:
        raise ArgumentTypeError(f"{text!r} maps nothing; write COLUMN=FIELD, such as Guests=party_size")
    return column.strip(), field.strip()
