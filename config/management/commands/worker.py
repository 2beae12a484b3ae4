"""``manage.py worker``: ``qcluster`` under a supervisor that takes it down whole."""

import signal
import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from config.cluster import worker_cluster


class Command(BaseCommand):
    help = "Run a worker cluster; on SIGTERM or SIGINT it ends its tasks and leaves no process behind."
    requires_system_checks = []

    def handle(self, **_: Any) -> None:
        asked_to_stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: asked_to_stop.set())
        with worker_cluster(base_dir=settings.BASE_DIR) as cluster:
            while cluster.poll() is None and not asked_to_stop.wait(0.2):
                pass
            died = cluster.returncode
        if died is not None and not asked_to_stop.is_set():
            self.stderr.write(f"the cluster ended by itself with status {died}")
            sys.exit(1)
