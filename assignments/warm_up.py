"""Loads the solvers while a worker is still idle: the first booking that needs them should not wait."""

import importlib
import threading

#: Importing these takes about two seconds; the direct path does without them.
SLOW_MODULES = ("assignments.engine.relaxation", "assignments.engine.rearrange")


def start_warm_up() -> None:
    """Import the slow modules in a thread of this process."""
    threading.Thread(target=_load, name="warm-up", daemon=True).start()


def _load() -> None:
    for name in SLOW_MODULES:
        importlib.import_module(name)
