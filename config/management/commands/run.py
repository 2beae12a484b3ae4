"""``manage.py run``: the whole console on this machine, with workers and live demo bookings."""

import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections
from django.utils import timezone

from config.demo.evening import demo_restaurants
from config.demo.people import Login, ensure_people
from config.demo.processes import HOST, NoPortError, commands, free_port, run_together
from config.demo.rollout import ensure_flags
from config.local.services import local_services

BANNER = """
  Table assignment, {environment} environment

  Console   http://{host}:{port}/
  Mailbox   http://{host}:{port}/mailbox/
  Data      {data}

  {logins}

  {restaurants} demo restaurants take {rate:g} bookings a minute. Ctrl-C stops everything.
"""


class Command(BaseCommand):
    help = "Serve the console with a worker cluster and a live trickle of demo bookings, until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--bookings-per-minute", type=float, default=20, help="live bookings (default 20)"
        )

    def handle(self, *, bookings_per_minute: float, **_: Any) -> None:
        if settings.ENVIRONMENT != "local":
            raise CommandError(f"`run` makes demo people and bookings, so it refuses {settings.ENVIRONMENT}")
        with ExitStack() as stack:
            if settings.EMBEDDED_DATABASE or settings.EMBEDDED_REDIS:
                stack.enter_context(
                    local_services(
                        settings.LOCAL_DATA_DIR,
                        database=settings.EMBEDDED_DATABASE,
                        redis=settings.EMBEDDED_REDIS,
                    )
                )
            status = self._serve(bookings_per_minute)
        sys.exit(status)

    def _serve(self, rate: float) -> int:
        call_command("migrate", verbosity=0)
        restaurants = demo_restaurants()
        logins = ensure_people(settings.LOCAL_DATA_DIR / "logins.json", list(restaurants.values()))
        ensure_flags(restaurants, now=timezone.now())
        try:
            port = free_port()
        except NoPortError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            BANNER.format(
                environment=settings.ENVIRONMENT,
                host=HOST,
                port=port,
                data=settings.LOCAL_DATA_DIR,
                logins="\n  ".join(map(_login_line, logins)),
                restaurants=len(restaurants),
                rate=rate,
            )
        )
        self.stdout.flush()
        # The processes are forked from this one and must not share its connection.
        connections.close_all()
        lines = commands(base_dir=settings.BASE_DIR, port=port, bookings_per_minute=rate)
        return run_together(lines, base_dir=settings.BASE_DIR)


def _login_line(login: Login) -> str:
    return f"{login.group:<20} {login.username:<20} {login.password}"
