"""Ties the life of a process to its parent's: a killed parent leaves no child that works on."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Loaded here and not between fork and exec, where loading may wait for a lock nobody holds any more.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(signum: signal.Signals) -> None:
    """Have the kernel send `signum` to this process when its parent ends, however that ends.

    Linux only; elsewhere nothing happens. Not inherited: each process asks for itself.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signum)


def end_with_parents() -> None:
    """Kill this process with its parent, and each process it forks from now on with this one."""
    end_with_parent(signal.SIGKILL)
    os.register_at_fork(after_in_child=lambda: end_with_parent(signal.SIGKILL))
