"""What systemd hears of a service."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config import service_manager
from tests.unit.config.conftest import PROJECT


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """The manager's end of its socket."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(30)
    manager.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return manager


def test_what_is_told_arrives(heard: socket.socket) -> None:
    with heard:
        service_manager.tell(service_manager.ALIVE)
        assert heard.recv(100) == b"WATCHDOG=1"


def test_an_abstract_socket_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"table-assignment-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        service_manager.tell(service_manager.READY)
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all"])
def test_without_a_manager_that_listens_nothing_happens(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    service_manager.tell(service_manager.ALIVE)


def test_the_worker_command_says_that_it_is_ready_and_goes_on_saying_that_it_lives(
    heard: socket.socket, tmp_path: Path
) -> None:
    """Its database does not answer, which is no fault of the supervisor."""
    unreachable = {"DATABASE_URL": "postgres://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"}
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=PROJECT,
        env=os.environ | unreachable,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with heard:
        try:
            assert [heard.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(40)
