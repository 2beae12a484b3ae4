"""Spans of time as the console shows them, from milliseconds to days."""

from datetime import timedelta

from config.console.review.rows import in_words


def elapsed(span: timedelta) -> str:
    """Such as "31 ms", "0.4 s", "45 s", "12 min", "3 h 29", "2 days"; never below zero."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 60 else in_words(span)
