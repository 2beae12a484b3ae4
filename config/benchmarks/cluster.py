"""A real worker cluster on the throw-away database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

from django.conf import settings
from django.db import connection

from assignments.flags import acknowledgements
from config.benchmarks import DATABASE_VARIABLE, QUEUE_VARIABLE
from config.cluster import ClusterDiedError, worker_cluster

#: Seconds a cluster may take until all its workers have said which flags they run.
START_SECONDS = 60


@contextmanager
def measured_cluster(*, django_q2_queue: str = "") -> Iterator[int]:
    """Run ``manage.py qcluster`` inside the block, ready when it begins; yields the number of workers.

    With `django_q2_queue` it works on the queue of that name and takes tasks as django-q2 does by itself.
    Raises ClusterDiedError, with the end of its output.
    """
    own_queue = {QUEUE_VARIABLE: django_q2_queue} if django_q2_queue else {}
    others = _live_workers()
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.benchmarks.settings",
        DATABASE_VARIABLE: str(connection.settings_dict["NAME"]),
        **own_queue,
    }
    with (
        TemporaryFile("w+b") as output,
        worker_cluster(base_dir=settings.BASE_DIR, output=output, environment=environment) as process,
    ):
        deadline = time.monotonic() + START_SECONDS
        while len(_live_workers() - others) < settings.QUEUE_WORKERS:
            if process.poll() is not None or time.monotonic() > deadline:
                output.seek(0)
                told = output.read()[-2000:].decode(errors="replace")
                raise ClusterDiedError(f"the cluster did not start:\n{told}")
            time.sleep(0.05)
        yield settings.QUEUE_WORKERS


def _live_workers() -> set[str]:
    """The workers that were heard of lately, those of a cluster that has just ended included."""
    return {worker.worker for worker in acknowledgements.workers() if worker.live}
