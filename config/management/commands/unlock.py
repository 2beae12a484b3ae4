"""Lets somebody, or an address, try to sign in again at once."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from config.access import lockout


class Command(BaseCommand):
    help = "Let a person, or everybody at an address, try to sign in again at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        whom = parser.add_mutually_exclusive_group(required=True)
        whom.add_argument("person", nargs="?", metavar="PERSON", help="the name they sign in with")
        whom.add_argument("--address", help="where the wrong guesses came from")

    def handle(self, *_: object, **given: Any) -> None:
        if given["address"] is not None:
            forgotten = _unlock_address(given["address"])
        else:
            user = User.objects.filter(username=given["person"]).first()
            if user is None:
                raise CommandError(f"nobody is called {given['person']!r}; `/sign-ins/` lists everybody")
            forgotten = lockout.unlock(user, by=None)
        self.stdout.write(f"Unlocked: {forgotten} counts of wrong guesses are forgotten.")


def _unlock_address(address: str) -> int:
    try:
        return lockout.unlock_address(address, by=None)
    except ValueError as error:
        raise CommandError(f"{address!r} is no address; `/sign-ins/` lists those that are locked") from error
