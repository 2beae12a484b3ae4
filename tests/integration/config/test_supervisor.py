"""The supervisor with clusters that do not run: it says so, tries again, and gives up at last."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from config.supervisor import MOST_FALSE_STARTS, ClusterWillNotRunError, Supervisor
from observability.models import Event

pytestmark = pytest.mark.usefixtures("committed_db")  # the supervisor closes old connections


def supervisor(folder: Path, script: str, *, stop_after: int | None = None) -> Supervisor:
    """One whose cluster is `script`; it is asked to stop at that look."""
    (folder / "manage.py").write_text(script)
    looks = iter(range(stop_after if stop_after is not None else 10_000))

    def wait(seconds: float) -> bool:
        time.sleep(min(seconds, 0.05))
        return next(looks, None) is None

    return Supervisor(base_dir=folder, longest_task=timedelta(seconds=5), wait=wait)


def test_a_cluster_that_never_runs_is_given_up(tmp_path: Path) -> None:
    own = supervisor(tmp_path, "import sys; sys.exit(3)")

    with pytest.raises(ClusterWillNotRunError, match=r"died 3 times .*status 3"):
        own.run()

    told = Event.objects.filter(source="cluster", event_type="cluster.restarted")
    assert [event.context["reason"] for event in told] == ["died"] * (MOST_FALSE_STARTS - 1)


def test_a_cluster_that_came_through_once_is_started_anew_each_time(tmp_path: Path) -> None:
    beats = "import os, struct; os.write(int(os.environ['CLUSTER_PULSE']), struct.pack('=cI', b'c', 1))"
    own = supervisor(tmp_path, f"{beats}; import time; time.sleep(0.3)", stop_after=80)

    own.run()

    assert own.restarts > MOST_FALSE_STARTS
    assert own.false_starts == 0


def test_asked_to_stop_it_ends_the_cluster(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    own = supervisor(tmp_path, script, stop_after=40)

    own.run()

    assert own.restarts == 0
    assert not Path(f"/proc/{pid.read_text()}").exists()
