"""What `keeper` needs to know about a server it keeps running."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import IO, ClassVar

from config.local.addresses import Addresses
from config.local.locks import mark_of_life
from config.local.processes import Process, Step, processes_on


class Answer(Enum):
    """How a server answers at its socket."""

    READY = auto()
    BUSY = auto()  # it answers that it is starting up, recovering or shutting down
    HUNG = auto()  # it takes the connection and says nothing
    ABSENT = auto()  # nobody listens


@dataclass(frozen=True, kw_only=True, slots=True)
class Server(ABC):
    """One embedded server of a clone. Its processes hold ``life_lock`` and bear ``mark`` in their title."""

    addresses: Addresses

    name: ClassVar[str]
    title: ClassVar[str]
    program: ClassVar[str]
    stop_steps: ClassVar[Sequence[Step]]

    @property
    def folder(self) -> Path:
        return self.addresses.data_root / self.name

    @property
    def life_lock(self) -> Path:
        return self.addresses.data_root / f"{self.name}.alive"

    @property
    def log(self) -> Path:
        return self.addresses.data_root / "logs" / f"{self.name}.log"

    @property
    def mark(self) -> str:
        return self.addresses.runtime.name

    def processes(self) -> list[Process]:
        """Its processes, those started before the clone was moved or renamed included."""
        marks = {self.mark, mark_of_life(self.life_lock) or self.mark}
        return processes_on(self.folder, program=self.program, marks=marks)

    @abstractmethod
    def is_usable(self) -> bool:
        """Whether the application can connect now: a connection test, no look at files."""

    @abstractmethod
    def answer(self) -> Answer:
        """How it answers at its socket, be it usable or not."""

    @abstractmethod
    def remove_leftovers(self) -> None:
        """Removes sockets and pid files; only called while no process of the server lives."""

    @abstractmethod
    def make_folders(self, life: IO[bytes]) -> None:
        """Makes its folders and first data; a process doing that inherits the life lock."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command that starts it; the mark is in it and in the titles its processes take."""

    @abstractmethod
    def complete(self) -> None:
        """Makes what a running server may still lack to be usable."""
