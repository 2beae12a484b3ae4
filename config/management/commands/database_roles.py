"""``manage.py database_roles``: what the database lets web processes and workers do."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError, connection, transaction

from config.database_roles import statements


class Command(BaseCommand):
    help = (
        "Print the SQL that gives web processes and workers exactly their rights in the database, or do it. "
        "To be run as the tables' owner after each migration; run again, it changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--web", default="console_web", metavar="ROLE", help="default: console_web")
        parser.add_argument(
            "--worker", default="console_worker", metavar="ROLE", help="default: console_worker"
        )
        parser.add_argument(
            "--apply", action="store_true", help="do it, all or nothing, rather than print it"
        )

    def handle(self, *, web: str, worker: str, apply: bool, **_: Any) -> None:
        if web == worker:
            raise CommandError(f"--web and --worker are both {web}; they are two roles", returncode=2)
        try:
            with transaction.atomic():
                keep = settings.EVENT_RETENTION_DAYS
                wanted = list(statements(web=web, worker=worker, keep_events_days=keep))
                if apply:
                    self._apply(wanted)
        except DatabaseError as error:
            said = str(error).splitlines()[0]
            raise CommandError(
                f"nothing was changed: {said}. Run it as the tables' owner, and have who may make roles "
                f"make {web} and {worker} first (docs/deployment.md)."
            ) from error
        if apply:
            self.stdout.write(f"{web} and {worker} have their rights.")
        else:
            self.stdout.write("BEGIN;\n" + "".join(f"{statement};\n" for statement in wanted) + "COMMIT;")

    @staticmethod
    def _apply(wanted: list[str]) -> None:
        with connection.cursor() as cursor:
            for statement in wanted:
                cursor.execute(statement)
