"""Addresses of the review pages, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.review import actions
from config.console.review.bulk_page import bulk
from config.console.review.case_page import case
from config.console.review.queue_page import queue
from config.console.review.saved_views import drop_view, save_view
from config.console.review.wishes_page import accept, decline, wishes

View = Callable[..., HttpResponseBase]


def review_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    of_case: dict[str, View] = {
        "fix": actions.apply_fix,
        "quick-fix": actions.quick_fix,
        "requeue": actions.requeue,
        "reject": actions.reject,
        "snooze": actions.snooze,
        "wake": actions.wake,
        "note": actions.note,
        "release": actions.release,
        "take-over": actions.take_over,
        "presence": actions.presence,
    }
    return [
        path("review/", guard(queue), name="review_queue"),
        path("review/next/", guard(actions.claim_next), name="review_next"),
        path("review/bulk/", guard(bulk), name="review_bulk"),
        path("review/views/", guard(save_view), name="review_save_view"),
        path("review/views/drop/", guard(drop_view), name="review_drop_view"),
        path("review/wishes/", guard(wishes), name="review_wishes"),
        path("review/wishes/<int:wish_id>/accept/", guard(accept), name="review_wish_accept"),
        path("review/wishes/<int:wish_id>/decline/", guard(decline), name="review_wish_decline"),
        path("review/undo/<int:resolution_id>/", guard(actions.undo_last), name="review_undo"),
        path("review/cases/<int:case_id>/", guard(case), name="review_case"),
        *(
            path(f"review/cases/<int:case_id>/{step}/", guard(view), name=f"review_{step.replace('-', '_')}")
            for step, view in of_case.items()
        ),
    ]
