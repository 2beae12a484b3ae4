"""How bookings are placed, in the console. Importing this package registers its pages."""

from assignments.admin import attempts, flags, now_fit, review, rollout, shadow

__all__ = ["attempts", "flags", "now_fit", "review", "rollout", "shadow"]
