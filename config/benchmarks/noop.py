"""The task that does nothing: the floor of every task."""


def nothing(number: int) -> None:
    """Return at once."""
