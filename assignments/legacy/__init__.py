"""The legacy planner as a path of its own: quotes tables, loops, and leaves the booking final.

Kept whole until it is cleaned up. It knows neither the coordinator nor the shadow run; both know it.
"""

from assignments.legacy.deciding import Deciding, Frozen, Processed
from assignments.legacy.run import process

__all__ = ["Deciding", "Frozen", "Processed", "process"]
