"""`manage.py services start|stop|status`: the embedded servers of this clone."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.local.errors import LocalServiceError
from config.local.services import Status, local_services, status, stop


class Command(BaseCommand):
    help = "Starts, stops or shows the embedded PostgreSQL and Redis of this clone."
    # It must work when no database does.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=("start", "stop", "status"))

    def handle(self, *_: Any, action: str, **__: Any) -> None:
        try:
            getattr(self, action)()
        except LocalServiceError as error:
            raise CommandError(str(error)) from error

    def start(self) -> None:
        self._name_external()
        if not (settings.EMBEDDED_DATABASE or settings.EMBEDDED_REDIS):
            raise CommandError(
                "Nothing to start here: unset DATABASE_URL or REDIS_URL to use an embedded server."
            )
        with local_services(
            settings.LOCAL_DATA_DIR,
            database=settings.EMBEDDED_DATABASE,
            redis=settings.EMBEDDED_REDIS,
            stop_if_started=False,
        ):
            self._show(_embedded())

    def stop(self) -> None:
        """Stops what this clone started, also if addresses of other servers were set since."""
        self._name_external()
        stopped = stop(settings.LOCAL_DATA_DIR)
        for title in stopped:
            self.stdout.write(f"{title} is stopped.")
        if not stopped:
            self.stdout.write("No embedded server of this clone was running.")

    def status(self) -> None:
        self._name_external()
        self._show(_embedded())

    def _name_external(self) -> None:
        for variable in _external():
            self.stdout.write(f"{variable} names a server of your own, which is left alone.")

    def _show(self, states: Sequence[Status]) -> None:
        for state in states:
            self.stdout.write(f"{state.title} {_doing(state)}.")
            self.stdout.write(f"  data {state.folder}")
            self.stdout.write(f"  log  {state.log}")


def _external() -> list[str]:
    embedded = {"DATABASE_URL": settings.EMBEDDED_DATABASE, "REDIS_URL": settings.EMBEDDED_REDIS}
    return [variable for variable, here in embedded.items() if not here]


def _embedded() -> list[Status]:
    database, redis = status(settings.LOCAL_DATA_DIR)
    wanted = ((database, settings.EMBEDDED_DATABASE), (redis, settings.EMBEDDED_REDIS))
    return [state for state, here in wanted if here]


def _doing(state: Status) -> str:
    if not state.pids:
        return "runs elsewhere" if state.usable else "is not running"
    pids = ", ".join(map(str, state.pids))
    return f"runs (pid {pids})" if state.usable else f"runs and does not answer (pid {pids})"
