"""``manage.py import_floor_plan FILE``: restaurants with tables and calendar from JSON or CSV."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from bookings.displacing import fates_in_words
from bookings.imports.errors import FileError
from bookings.imports.floor_plan.applying import Imported
from bookings.imports.floor_plan.difference import in_words
from bookings.imports.floor_plan.import_file import import_file

#: Exit status for a file that cannot be used.
UNUSABLE = 2


class Command(BaseCommand):
    help = (
        "Create or change restaurants as a file describes them (see docs/imports.md), all or nothing, and "
        "print what was changed. Importing the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="JSON; CSV if it is named .csv")
        parser.add_argument("--dry-run", action="store_true", help="print the difference, change nothing")

    def handle(self, *, file: Path, dry_run: bool, **_: Any) -> None:
        try:
            imported = import_file(
                content=file.read_bytes(),
                is_csv=file.suffix.lower() == ".csv",
                now=timezone.now(),
                dry_run=dry_run,
            )
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}", returncode=UNUSABLE) from error
        except FileError as error:
            raise CommandError(f"{file}: {error}", returncode=UNUSABLE) from error
        for each in imported:
            self._tell(each, dry_run=dry_run)

    def _tell(self, imported: Imported, *, dry_run: bool) -> None:
        lines = in_words(imported.difference)
        slug = imported.restaurant.slug
        if imported.created:
            self.stdout.write(f"{slug}: {'would be created' if dry_run else 'created'}")
        elif not lines:
            self.stdout.write(f"{slug}: no change")
        else:
            self.stdout.write(f"{slug}: {'would change' if dry_run else 'changed'}")
        for line in lines:
            self.stdout.write(f"  {line}")
        for line in fates_in_words(imported.displaced).values():
            self.stderr.write(f"{slug}: {line}")
