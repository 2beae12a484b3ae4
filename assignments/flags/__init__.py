"""Flags: which path a booking takes, and who may change that.

`current()` is what runs use: the snapshot of this process, without a query where a poller runs. Writes
go through `services`, which raise the version every process looks for.
"""

from assignments.flags.cache import CACHE
from assignments.flags.errors import BadValueError, FlagError, PinnedError
from assignments.flags.poller import start_polling
from assignments.flags.snapshot import Snapshot

__all__ = ["BadValueError", "FlagError", "PinnedError", "Snapshot", "current", "forget", "start_polling"]

current = CACHE.current
forget = CACHE.forget
