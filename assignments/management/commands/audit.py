"""``manage.py audit``: whether the invariants hold on this database."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from assignments.audit import (
    DEFAULT_WITHIN,
    Evidence,
    EvidenceError,
    Finding,
    Verdict,
    audit,
    read_accepted,
    read_mail_log,
)
from assignments.audit.run import DEFAULT_TIMEOUT


class Command(BaseCommand):
    help = (
        "Check the invariants I1 to I8 on this database, read-only, and print one line each. "
        "The exit status is 1 if one is breached."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")
        parser.add_argument(
            "--mail-log",
            type=Path,
            metavar="FILE",
            help="mails a server accepted: a Maildir folder, or a log with one Message-ID a line (for I3)",
        )
        parser.add_argument(
            "--accepted", type=Path, metavar="FILE", help="references answered with 2xx, one a line (for I7)"
        )
        for option, default, what in (
            ("--within", DEFAULT_WITHIN, "a booking may take to a final state (for I2)"),
            ("--timeout", DEFAULT_TIMEOUT, "one check may take"),
        ):
            seconds = default.total_seconds()
            parser.add_argument(
                option, type=_seconds, default=default, metavar="SECONDS", help=f"{what}; default {seconds:g}"
            )

    def handle(
        self,
        *,
        as_json: bool,
        mail_log: Path | None,
        accepted: Path | None,
        within: timedelta,
        timeout: timedelta,
        **_: Any,
    ) -> None:
        findings = audit(within=within, evidence=_evidence(mail_log, accepted), timeout=timeout)
        breached = any(finding.verdict is Verdict.BREACH for finding in findings)
        if as_json:
            told = {"ok": not breached, "findings": [finding.as_json() for finding in findings]}
            self.stdout.write(json.dumps(told))
        else:
            self._tell(findings)
        if breached:
            sys.exit(1)

    def _tell(self, findings: list[Finding]) -> None:
        for finding in findings:
            self.stdout.write(str(finding))


def _evidence(mail_log: Path | None, accepted: Path | None) -> Evidence:
    try:
        mails, read_at = read_mail_log(mail_log) if mail_log else (None, None)
        return Evidence(
            mails=mails, mails_read_at=read_at, accepted=read_accepted(accepted) if accepted else None
        )
    except EvidenceError as error:
        raise CommandError(str(error), returncode=2) from error


def _seconds(text: str) -> timedelta:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < 10_000_000:
        raise ArgumentTypeError(f"{text!r} is no number of seconds; write one such as 120")
    return timedelta(seconds=seconds)
