"""``manage.py rollout``: where the rollout stands, starting it, and taking it back.

Proposing and signing need a person who is logged in, so they are the console's alone.
"""

import getpass
import json
import os
import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assignments.engine.phases import PhaseKey
from assignments.flags import FlagError, acknowledgements
from assignments.flags.authors import Author
from assignments.models import Phase
from assignments.rollout import ledger, phases, ramp, rollback
from assignments.rollout.errors import RolloutError
from assignments.rollout.overview import as_text, overview

#: Longer than a worker that is gone counts as live, so that waiting for it ends by itself.
PATIENCE = timedelta(seconds=15)

_KEYS = [key.value for key in PhaseKey]


class Command(BaseCommand):
    help = "Shows the rollout, starts it, takes it back, and checks the chain of its records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)

        def action(name: str, text: str, *, writes: bool = True) -> ArgumentParser:
            added: ArgumentParser = actions.add_parser(name, help=text, description=text)
            added.add_argument("--json", action="store_true", help="print one JSON object")
            if writes:
                added.add_argument("--by", help="who does it (default: the user of this shell)")
            return added

        action("status", "Show the phase under way and what holds it up.", writes=False)
        start = action("start", "Enter the first phase of this environment; locally, any.")
        start.add_argument("key", nargs="?", choices=_KEYS)
        enter = action("enter", "Go on to a phase without a sign-off: a rehearsal, in the local environment.")
        enter.add_argument("key", choices=_KEYS)
        back = action("roll-back", "Take the phase under way back, at once.")
        back.add_argument("--reason", required=True)
        back.add_argument(
            "--to", choices=[*_KEYS, rollback.LEGACY], help="further back than to the phase's own target"
        )
        back.add_argument("--wait", action="store_true", help="wait until every live worker acknowledged it")
        action("raise-parallel", "Let each restaurant have one run more at once, after a soak.")
        action("verify", "Check the chain of records; status 1 if it is broken.", writes=False)

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        act = getattr(self, f"do_{action.replace('-', '_')}")
        try:
            act(**options)
        except (RolloutError, FlagError) as error:
            raise CommandError(str(error)) from error

    def do_status(self, *, json: bool, **_: Any) -> None:
        shown = overview()
        self._print(shown, as_json=json, text=as_text(shown))

    def do_start(self, *, key: str | None, by: str | None, json: bool, **_: Any) -> None:
        wanted = PhaseKey(key) if key else None
        self._print_phase(phases.enter_first(wanted, by=_author(by), now=timezone.now()), as_json=json)

    def do_enter(self, *, key: str, by: str | None, json: bool, **_: Any) -> None:
        if settings.ENVIRONMENT != phases.LOCAL:
            raise CommandError(
                f"In {settings.ENVIRONMENT} a phase is entered by a sign-off: propose it in the console."
            )
        self._print_phase(phases.enter(PhaseKey(key), by=_author(by), now=timezone.now()), as_json=json)

    def do_roll_back(
        self, *, reason: str, to: str | None, by: str | None, wait: bool, json: bool, **_: Any
    ) -> None:
        phase = phases.current()
        if phase is None:
            raise CommandError("No phase is under way: manage.py flags kill sends every booking to legacy.")
        target: PhaseKey | Literal["legacy"] | None = (
            rollback.LEGACY if to == rollback.LEGACY else PhaseKey(to) if to else None
        )
        rolled = rollback.roll_back(phase=phase, reason=reason, by=_author(by), now=timezone.now(), to=target)
        shown = {
            "left": rolled.left.key,
            "entered": rolled.phase.key if rolled.phase else rollback.LEGACY,
            "flag_version": rolled.flag_version,
            "killed": rolled.killed,
            "incident": rolled.incident.pk,
        }
        text = f"Rolled back to {shown['entered']}; flags version {rolled.flag_version} is in force."
        if rolled.killed:
            text += " A variable pins V3 on, so the kill switch is on too: unset it, then revive the flags."
        self._print(shown, as_json=json, text=text)
        if wait:
            self._await(rolled.flag_version)

    def do_raise_parallel(self, *, by: str | None, json: bool, **_: Any) -> None:
        limit = ramp.raise_parallel(by=_author(by), now=timezone.now())
        self._print({"max_parallel": limit}, as_json=json, text=f"{limit} runs at once per restaurant.")

    def do_verify(self, *, json: bool, **_: Any) -> None:
        broken, head = ledger.verify(), ledger.head()
        text = f"The chain holds; its head is {head}." if broken is None else f"Record {broken} is broken."
        self._print({"broken": broken, "head": head}, as_json=json, text=text)
        if broken is not None:
            sys.exit(1)

    def _await(self, version: int) -> None:
        effect = acknowledgements.await_effect(version=version, timeout=PATIENCE)
        if effect.missing:
            missing = ", ".join(worker.worker for worker in effect.missing)
            raise CommandError(f"Not acknowledged by {missing}: stop these workers.")

    def _print_phase(self, phase: Phase, *, as_json: bool) -> None:
        shown = {"number": phase.number, "key": phase.key, "flag_version": phase.flag_version}
        self._print(shown, as_json=as_json, text=f"{phase} was entered.")

    def _print(self, shown: dict[str, Any], *, as_json: bool, text: str) -> None:
        self.stdout.write(json.dumps(shown) if as_json else text)


def _author(by: str | None) -> Author:
    return Author(name=by or f"shell:{_shell_user()}")


def _shell_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user need not have a name.
        return str(os.getuid())
