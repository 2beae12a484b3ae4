"""Second steps of people, from the command line: for an emergency, and for a new SECRET_KEY."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from config.access.models import Authenticator
from config.access.people_page import reset_device
from config.access.sealing import SealError, is_current, seal


class Command(BaseCommand):
    help = "Reset somebody's second step, or seal all of them with the SECRET_KEY in force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        reset = steps.add_parser("reset", help="take a person's device and recovery codes away")
        reset.add_argument("person", metavar="PERSON", help="the name they sign in with")
        steps.add_parser("reseal", help="before a key leaves SECRET_KEY_FALLBACKS")

    def handle(self, *_: object, step: str, **given: Any) -> None:
        if step == "reseal":
            self._reseal()
        else:
            self._reset(given["person"])

    def _reset(self, name: str) -> None:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"nobody is called {name!r}; `/sign-ins/` lists everybody")
        ended = reset_device(user, by=None)
        self.stdout.write(f"{name} sets up a new device at the next sign-in; {ended} sessions were ended.")

    def _reseal(self) -> None:
        lost = []
        for device in Authenticator.objects.select_related("user"):
            try:
                if not is_current(device.key, owner=device.user_id):
                    device.key = seal(device.bin_key, owner=device.user_id)
                    device.save(update_fields=["key"])
            except SealError:
                lost.append(device.user.get_username())
        if lost:
            raise CommandError(f"no key known opens the devices of {', '.join(lost)}; reset them")
        self.stdout.write("Every device is sealed with the key in force.")
