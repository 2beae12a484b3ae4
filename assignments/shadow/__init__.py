"""Shadow: what V3 would have made of a booking that legacy decided, without any effect on it."""

from assignments.shadow.compare import compare
from assignments.shadow.coverage import Coverage, coverage
from assignments.shadow.fence import ShadowWriteError

__all__ = ["Coverage", "ShadowWriteError", "compare", "coverage"]
