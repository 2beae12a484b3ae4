"""``manage.py run`` on data of its own: it serves, assigns, and leaves no process behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

START_SECONDS = 60


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """This process's environment without servers named: embedded ones, in a folder of their own."""
    kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    return {**kept, "LOCAL_DATA_DIR": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def console(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run", "--bookings-per-minute", "120"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        for child in descendants(process.pid):
            child.kill()
        process.kill()
        subprocess.run(
            [sys.executable, "manage.py", "services", "stop"],
            cwd=settings.BASE_DIR,
            env=environment,
            check=True,
            capture_output=True,
        )


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def of_this_run(environment: dict[str, str]) -> list[str]:
    """Command lines of processes that carry this run's data folder in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LOCAL_DATA_DIR") == environment["LOCAL_DATA_DIR"]:
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def wait_for(text: str, output: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        seen = output.read_text()
        if re.search(text, seen):
            return seen
        time.sleep(0.2)
    raise AssertionError(f"{text!r} did not appear within {START_SECONDS} s:\n{output.read_text()[-3000:]}")


def test_run_serves_assigns_and_ends_without_leftovers(
    console: subprocess.Popen[bytes], environment: dict[str, str], tmp_path: Path
) -> None:
    banner = wait_for(r"Console +http\S+", tmp_path / "output")
    address = re.search(r"Console +(http\S+)", banner)
    assert address
    for group in ("ops agent", "product owner", "QA lead", "viewer", "administrator"):
        assert group in banner
    wait_for(r"guests +\| B-", tmp_path / "output")

    with urllib.request.urlopen(address[1], timeout=10) as page:
        assert page.status == 200
        assert "/login/" in page.url
    confirmed = wait_for_confirmation(environment)
    console.send_signal(signal.SIGINT)

    assert console.wait(40) == 0
    assert confirmed >= 1
    assert of_this_run(environment) == []


def wait_for_confirmation(environment: dict[str, str]) -> int:
    script = (
        "import json; from bookings.models import Booking;"
        "print(json.dumps(Booking.objects.filter(status='confirmed').count()))"
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        result = subprocess.run(
            [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", script],
            cwd=settings.BASE_DIR,
            env=environment,
            check=True,
            capture_output=True,
        )
        count: int = json.loads(result.stdout)
        if count:
            return count
        time.sleep(0.5)
    return 0
