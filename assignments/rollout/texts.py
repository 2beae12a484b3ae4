"""Reasons that people give, checked in one place."""

from assignments.rollout.errors import Code, RolloutError

LONGEST_REASON = 500


def checked_reason(text: str) -> str:
    """The reason without blanks around it. Raises RolloutError for none and for more than 500 characters."""
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise RolloutError(
            Code.UNEXPLAINED,
            f"A reason of {len(reason)} characters is refused: say why in 1 to {LONGEST_REASON}.",
        )
    return reason
