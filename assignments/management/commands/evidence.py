"""Writes and takes in evidence: `manage.py evidence export PHASE FILE`, `… import FILE CHAIN_HEAD`."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assignments.flags.authors import Author
from assignments.models import Phase
from assignments.rollout.errors import RolloutError
from assignments.rollout.evidence import bundle, imports


class Command(BaseCommand):
    help = "Write a phase's evidence bundle, or take in that of another deployment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        export = steps.add_parser("export", help="write the bundle of a phase")
        export.add_argument("phase", type=int, help="number of the stay, as the rollout page shows it")
        export.add_argument("file", type=Path, help="where to write it; must not exist yet")
        take_in = steps.add_parser("import", help="check a bundle and keep what it says")
        take_in.add_argument("file", type=Path)
        take_in.add_argument("chain_head", help="as the console that wrote the bundle shows it")

    def handle(self, *, step: str, file: Path, **options: Any) -> None:
        by = Author(name=f"{getpass.getuser()} (command)")
        try:
            says = (
                self._export(options["phase"], file, by)
                if step == "export"
                else self._import(file, options, by)
            )
        except (RolloutError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(says)

    def _export(self, number: int, file: Path, by: Author) -> str:
        phase = Phase.objects.select_related("policy", "cohort").filter(number=number).first()
        if phase is None:
            raise CommandError(f"there is no stay {number}: look at `manage.py rollout status`")
        with file.open("xb") as target:
            written = bundle.write(phase, target, by=by, now=timezone.now())
        return f"{file}\nchain head {written.chain_head}"

    def _import(self, file: Path, options: dict[str, Any], by: Author) -> str:
        entry = imports.take_in(
            file.read_bytes(), chain_head=options["chain_head"], by=by, now=timezone.now()
        )
        return f"{entry}: imported"
