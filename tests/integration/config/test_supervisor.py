"""The supervisor with clusters that do not run: it says so, tries again, and gives up at last."""

import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from config import supervisor as supervisor_module
from config import watchdog
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


def test_a_cluster_that_once_worked_is_not_given_up_however_often_it_dies_then(tmp_path: Path) -> None:
    """As while the database restarts again and again, and each cluster dies on it."""
    beats = "os.write(int(os.environ['CLUSTER_PULSE']), struct.pack('=cI', b'c', 1)); time.sleep(0.3)"
    first = f"open({str(tmp_path / 'began')!r}, 'x')"
    own = supervisor(
        tmp_path,
        f"import os, struct, sys, time\ntry: {first}\nexcept FileExistsError: sys.exit(1)\n{beats}",
        stop_after=60,
    )

    own.run()

    assert own.false_starts > MOST_FALSE_STARTS


def test_asked_to_stop_it_ends_the_cluster(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    own = supervisor(tmp_path, script, stop_after=40)

    own.run()

    assert own.restarts == 0
    assert not Path(f"/proc/{pid.read_text()}").exists()


def test_a_supervisor_that_was_stopped_itself_does_not_blame_the_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container paused for minutes: nothing was heard meanwhile, and tasks are under way."""
    monkeypatch.setattr(watchdog, "SILENCE", timedelta(seconds=1))
    monkeypatch.setattr(supervisor_module, "SLEPT", timedelta(seconds=0.8))
    heard = tmp_path / "beats"
    (tmp_path / "manage.py").write_text(
        "import os, pathlib, struct, time\n"
        "while True:\n"
        "    os.write(int(os.environ['CLUSTER_PULSE']), struct.pack('=cI', b'c', 1))\n"
        f"    pathlib.Path({str(heard)!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(0.05)\n"
    )
    looks = 0

    def wait(seconds: float) -> bool:
        nonlocal looks
        time.sleep(min(seconds, 0.05))
        if heard.exists():
            looks += 1
        if looks == 5:
            psutil.Process(int(heard.read_text())).suspend()
        elif looks == 6:
            time.sleep(1.5)
        elif looks == 7:
            psutil.Process(int(heard.read_text())).resume()
        return looks == 10

    own = Supervisor(base_dir=tmp_path, longest_task=timedelta(seconds=5), wait=wait)
    own.run()

    assert own.restarts == 0
