"""Checks an evidence bundle: `manage.py verify_evidence BUNDLE.zip [--chain-head HEX]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assignments.engine import evidence, evidence_script
from assignments.engine.evidence import BadBundleError


class Command(BaseCommand):
    """Exit status 0 if everything holds, 1 if something does not, 2 if the file is no bundle."""

    help = "Check a rollout's evidence bundle: digests, chain, signatures, and each verdict anew."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", type=Path, nargs="?", help="the zip file")
        parser.add_argument(
            "--chain-head", help="the head of the chain as the console of its origin shows it"
        )
        parser.add_argument(
            "--stand-alone", action="store_true", help="print the verifier that runs without this project"
        )

    def handle(self, *, bundle: Path | None, chain_head: str | None, stand_alone: bool, **_: Any) -> None:
        if stand_alone:
            self.stdout.write(evidence_script.text(), ending="")
            return
        if bundle is None:
            raise CommandError("name a bundle: manage.py verify_evidence BUNDLE.zip", returncode=2)
        try:
            found = evidence.verify(bundle.read_bytes(), chain_head=chain_head)
        except (OSError, BadBundleError) as error:
            raise CommandError(f"{bundle}: {error}", returncode=2) from error
        for line in evidence.report_of(found):
            self.stdout.write(line)
        if not found.holds:
            sys.exit(1)
