"""The pulse of a worker cluster: what its processes tell the supervisor that started them.

Beats go over a pipe that the cluster inherits, five bytes each, so that none is torn. A cluster that
nobody supervises has no pipe and says nothing.
"""

import os
import struct
from contextlib import suppress
from enum import Enum

#: Names the pipe's descriptor to the cluster; set by the supervisor, no setting of anybody's.
VARIABLE = "CLUSTER_PULSE"

_RECORD = struct.Struct("=cI")


class Beat(Enum):
    """A canary came through the whole cluster; its guard looked around; a worker began or ended a task."""

    CANARY = b"c"
    GUARDED = b"g"
    BEGAN = b"b"
    ENDED = b"e"


def is_watched() -> bool:
    """Whether a supervisor listens."""
    return VARIABLE in os.environ


def tell(beat: Beat) -> None:
    """Send one beat of this process. A supervisor that is gone or does not listen costs nothing."""
    if is_watched():
        with suppress(OSError):
            os.write(int(os.environ[VARIABLE]), _RECORD.pack(beat.value, os.getpid()))


def heard(pipe: int) -> list[tuple[Beat, int]]:
    """The beats waiting in a non-blocking pipe, each with the id of the process that sent it."""
    try:
        data = os.read(pipe, _RECORD.size * 4096)
    except BlockingIOError:
        return []
    return [(Beat(kind), pid) for kind, pid in _RECORD.iter_unpack(data)]


def canary() -> None:
    """The canary's task: it has nothing to do but to come through."""
