"""What is kept of a failed task."""

import traceback

from bookings.task_failures import without_messages


def fail(error: Exception) -> None:
    raise error


def result_of(error: Exception) -> str:
    """As django-q2 makes it."""
    try:
        try:
            fail(error)
        except Exception as cause:
            raise RuntimeError("Ada Guest again") from cause
    except RuntimeError as raised:
        result = f"{raised} : {traceback.format_exc()}"
    return result


def test_frames_and_the_class_of_the_cause_stay_and_no_message() -> None:
    kept = without_messages(result_of(ValueError("Ada Guest\n  lives on\nseveral lines")))
    assert "Ada" not in kept
    assert "several" not in kept
    assert kept.endswith("ValueError")
    assert "in result_of" in kept


def test_a_result_without_traceback_is_not_kept() -> None:
    assert without_messages("Ada Guest") == "failed; it left no traceback"
