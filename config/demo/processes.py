"""Runs the console's processes together, each in a process group of its own, until one ends or Ctrl-C."""

import os
import shlex
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from honcho.manager import Manager

HOST = "127.0.0.1"
FIRST_PORT = 8000
PORTS_TRIED = 50


class NoPortError(RuntimeError):
    """No free port; the message tells which were tried."""


def free_port(first: int = FIRST_PORT) -> int:
    """The first port from `first` on that nobody listens on. Raises NoPortError after PORTS_TRIED."""
    for port in range(first, first + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise NoPortError(f"ports {first} to {first + PORTS_TRIED - 1} are all taken; end one of their servers")


def commands(*, base_dir: Path, port: int, bookings_per_minute: float) -> dict[str, Sequence[str]]:
    """The command line of each process by name."""
    python, manage = sys.executable, str(base_dir / "manage.py")
    web = [python, "-m", "gunicorn", "config.wsgi", "--bind", f"{HOST}:{port}", "--workers", "1"]
    return {
        "web": [*web, "--threads", "8", "--log-level", "warning", "--no-control-socket"],
        "worker": [python, manage, "worker"],
        "guests": [python, manage, "trickle", "--per-minute", f"{bookings_per_minute:g}"],
    }


def run_together(lines: Mapping[str, Sequence[str]], *, base_dir: Path) -> int:
    """Run all until one ends, SIGINT, SIGTERM or SIGHUP; then end the rest. Returns an exit status.

    Stopping by signal is a clean end, status 0.
    """
    manager = Manager()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    for name, line in lines.items():
        manager.add_process(name, shlex.join(line), cwd=str(base_dir), env=environment)
    # A closed terminal must not leave the groups behind.
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    manager.loop()
    stopped_by_signal = manager.returncode in {128 + signal.SIGINT, 128 + signal.SIGTERM}
    return 0 if stopped_by_signal else manager.returncode or 1
