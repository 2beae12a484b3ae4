"""Where what a page shows is explained: the section of an alert, a cause, an event, a gate or a check.

A test walks the catalogues and finds each of these anchors in the rendered documents.
"""

from collections.abc import Callable, Mapping

from django.urls import reverse

#: Document and anchor of each kind of thing, by its key.
SECTIONS: Mapping[str, Callable[[str], tuple[str, str]]] = {
    "alert": lambda key: ("runbook", key),
    "cause": lambda key: ("runbook", key),
    "check": lambda key: ("runbook", f"health-{key}"),
    "event": lambda key: ("runbook" if key.startswith("coordinator.") else "events", key),
    "gate": lambda key: ("gates", key),
    "verdict": lambda key: ("gates", f"verdict-{key}"),
}


def section_url(kind: str, key: str) -> str:
    """Address of the section. Raises KeyError for a kind of thing that has no sections."""
    slug, anchor = SECTIONS[kind](key)
    return f"{reverse('admin:help_page', args=[slug])}#{anchor}"
