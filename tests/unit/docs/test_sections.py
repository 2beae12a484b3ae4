"""What pages show and alerts name is explained: each key's section is an anchor of the rendered documents."""

import re

import pytest
from django.utils.text import slugify

from assignments.engine.gates.default_gates import soak
from assignments.engine.gates.defaults import default_policy
from assignments.engine.gates.rules import Verdict
from assignments.rollout.gates.measure import MEASURES, QUANTILES
from assignments.stuck.causes import Cause
from config.console.help.reading import read
from config.console.help.sections import SECTIONS
from config.console.rollout.gate_rows import LOOKS
from observability.alerts.policy import RULES
from observability.events import CATALOGUE
from tests.unit.docs.pages import PROJECT, text_of

#: The labels of the health page, as its modules write them.
CHECKS = (
    "Confirmed", "Review", "Errors", "Assignment p95", "Lock wait p95", "Stuck", "Workers", "Breaker",
    "Permits in use", "Queue", "Mail outbox", "Figures", "Redis",
)  # fmt: skip

KEYS = {
    "alert": [rule.key for rule in RULES],
    "cause": [*Cause, "mail_unknown"],
    "check": [slugify(label) for label in CHECKS],
    "event": sorted(event for events in CATALOGUE.values() for event in events),
    "gate": sorted(
        {*MEASURES, *QUANTILES, soak().key}
        | {gate.key for phase in default_policy().phases for gate in phase.gates}
    ),
    "verdict": [LOOKS[verdict][0] for verdict in Verdict],
}


def test_each_kind_of_thing_that_pages_link_is_walked() -> None:
    assert KEYS.keys() == SECTIONS.keys()


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_each_key_of_the_catalogue_has_its_section(kind: str) -> None:
    missing = []
    for key in KEYS[kind]:
        slug, anchor = SECTIONS[kind](str(key))
        if f' id="{anchor}"' not in read(slug).html:
            missing.append(f"{slug}#{anchor}")
    assert missing == []
    assert len(KEYS[kind]) >= 5


@pytest.mark.parametrize(
    "key", [*KEYS["alert"], *map(str, KEYS["cause"]), *sorted(CATALOGUE["assignment.coordinator"])]
)
def test_a_section_of_the_runbook_says_what_it_means_how_to_look_and_what_to_do(key: str) -> None:
    words = {section.title: section.words for section in read("runbook").sections}[key]
    assert "means." in words
    assert "look. " in words or "look and do. " in words
    assert "do. " in words


def test_documents_explain_no_event_and_no_gate_that_is_gone() -> None:
    events = {section for section in _anchors("events") if "." in section}
    assert events == {key for key in KEYS["event"] if not key.startswith("coordinator.")}
    assert {key for key in _anchors("gates") if not key.startswith("verdict-")} == set(KEYS["gate"])


def _anchors(slug: str) -> set[str]:
    return set(re.findall(r'<a id="([^"]+)"></a>', text_of(PROJECT / "docs" / f"{slug}.md")))
