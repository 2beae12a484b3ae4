"""``manage.py guest_data show|export|erase``: what is known about a guest, and forgetting it."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bookings.privacy.guests import Found, erase_guest, export_guest, look
from bookings.privacy.identity import Guest, GuestError, guest_of

#: Exit status for a request that cannot be carried out.
REFUSED = 2


class Command(BaseCommand):
    help = (
        "Shows what would go, exports as JSON or erases all that is kept about a guest. "
        "See docs/data-protection.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("step", choices=["show", "export", "erase"])
        parser.add_argument("--email", default="", help="all bookings with this address")
        parser.add_argument("--phone", default="", help="all bookings with this number")
        parser.add_argument("--reference", default="", help="this booking alone, such as B-7KQ4M2")
        parser.add_argument("--by", default="", metavar="USERNAME", help="who does it; needed but to show")
        parser.add_argument(
            "--also-coming", action="store_true", help="erase guests who still have a table to come to"
        )

    def handle(
        self,
        *_: Any,
        step: str,
        email: str,
        phone: str,
        reference: str,
        by: str,
        also_coming: bool,
        **__: Any,
    ) -> None:
        try:
            guest = guest_of(email=email, phone=phone, reference=reference)
            if step == "show":
                self._show(look(guest=guest, now=timezone.now()))
            elif step == "export":
                self.stdout.write(export_guest(guest=guest, actor_id=_person(by), now=timezone.now()))
            else:
                self._erase(guest, _person(by), also_coming=also_coming)
        except GuestError as error:
            raise CommandError(str(error), returncode=REFUSED) from error

    def _show(self, found: Found) -> None:
        self.stdout.write(f"{len(found.bookings)} bookings, {len(found.coming)} of them to come")
        for place, count in found.counts.items():
            self.stdout.write(f"would erase {place}: {count}")
        if found.erased_at:
            self.stdout.write(f"erased before, at {found.erased_at:%Y-%m-%d %H:%M} UTC")

    def _erase(self, guest: Guest, actor_id: int, *, also_coming: bool) -> None:
        done = erase_guest(guest=guest, actor_id=actor_id, now=timezone.now(), also_coming=also_coming)
        if done.erasure is None:
            self.stdout.write("nothing left to erase: it was done before")
            return
        for place, count in done.counts.items():
            self.stdout.write(f"erased {place}: {count}")
        self.stdout.write(f"recorded as {done.erasure}")


def _person(username: str) -> int:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(
            f"--by: there is no active user {username!r}; name who carries out the request",
            returncode=REFUSED,
        )
    return user.pk
