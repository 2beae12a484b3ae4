"""Makes a worker ready while it is still idle: no booking should wait for what can be done before.

The solvers are loaded, and what a process has made by then is taken out of the garbage collector's rounds: it
stays as long as the process does, and going through it takes a tenth of a second in the middle of a run.
"""

import gc
import importlib
import threading

#: Importing these takes about two seconds; the direct path does without them.
SLOW_MODULES = ("assignments.engine.relaxation", "assignments.engine.rearrange")


def start_warm_up() -> None:
    """Warm up in a thread of this process."""
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()


def warm_up() -> None:
    """Import the slow modules, and keep what is there now."""
    for name in SLOW_MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
