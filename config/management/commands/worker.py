"""``manage.py worker``: ``qcluster`` under a supervisor that keeps it going and takes it down whole."""

import signal
import threading
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from config import service_manager
from config.supervisor import ClusterWillNotRunError, Supervisor


class Command(BaseCommand):
    help = (
        "Run a worker cluster; start it anew when it dies or stalls. On SIGTERM or SIGINT it ends its tasks "
        "and leaves no process behind."
    )
    requires_system_checks = []

    def handle(self, **_: Any) -> None:
        asked_to_stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: asked_to_stop.set())

        def wait(seconds: float) -> bool:
            service_manager.tell(service_manager.ALIVE)
            return asked_to_stop.wait(seconds)

        # The queue kills a worker 3 s after its task's time is up, once it looks.
        longest_task = timedelta(seconds=settings.QUEUE_TIMEOUT + 5)
        supervisor = Supervisor(base_dir=settings.BASE_DIR, longest_task=longest_task, wait=wait)
        service_manager.tell(service_manager.READY)
        try:
            supervisor.run()
        except ClusterWillNotRunError as error:
            raise CommandError(str(error)) from error
