"""Values and limits of rules in words."""

import pytest

from config.console.alerts.rows import amount, limit
from observability.alerts.policy import BREAKER_OPEN, CONFIRMATION_LOW, LATENCY_HIGH, STUCK, Rule


@pytest.mark.parametrize(
    ("rule", "value", "words", "limited"),
    [
        (CONFIRMATION_LOW, 0.875, "87.5 %", "at least 90.0 %"),
        (LATENCY_HIGH, 5234.4, "5,234 ms", "at most 5,000 ms"),
        (BREAKER_OPEN, 1, "1 s", "at most 300 s"),
        (STUCK, 1, "1 booking", "none"),
        (STUCK, 3, "3 bookings", "none"),
        (STUCK, None, "", "none"),
    ],
)
def test_amounts_and_limits(rule: Rule, value: float | None, words: str, limited: str) -> None:
    assert (amount(value, rule), limit(rule.threshold, rule)) == (words, limited)


def test_a_rule_that_is_no_more_is_shown_without_its_unit() -> None:
    assert (amount(0.5, None), limit(0.25, None)) == ("0.5", "at most 0.25")
