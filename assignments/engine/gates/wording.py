"""Figures as people read them, for the sentences of verdicts and triggers."""

from decimal import Decimal
from fractions import Fraction


def percent(share: Fraction, *, unlike: Fraction | None = None) -> str:
    """A share with at most two digits: ``95 %``, ``96.86 %``.

    More where it would else read as the threshold it is `unlike`: ``1.002 %`` is not below 1 %.
    """
    digits = 2
    if unlike is not None and unlike != share:
        while digits < 6 and figure(share * 100, digits) == figure(unlike * 100):
            digits += 1
    return f"{figure(share * 100, digits)} %"


def points(difference: Fraction) -> str:
    """A difference of shares in points, with its sign: ``+4.36 points``."""
    return f"{'+' if difference > 0 else ''}{figure(difference * 100)} points"


def figure(value: Fraction, digits: int = 2) -> str:
    """A number with at most so many digits after the point and commas between thousands."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    text = f"{round(exact, digits):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def part(numerator: int, denominator: int) -> str:
    """``1,204 of 1,243``."""
    return f"{numerator:,} of {denominator:,}"


def bookings(count: int) -> str:
    """``1 more clean booking``, ``198 more clean bookings``."""
    return f"{count:,} more clean booking{'' if count == 1 else 's'}"


def duration(seconds: int) -> str:
    """``17 h 42 min``, ``5 min``, ``42 s``: the two largest units."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
    if minutes:
        return f"{minutes} min {left} s" if left else f"{minutes} min"
    return f"{left} s"
