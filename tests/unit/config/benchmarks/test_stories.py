"""The stories that the dashboards' benchmark multiplies are told in events there are."""

import json
from datetime import UTC, datetime

import pytest

from bookings.states import FINAL, TRANSITIONS, State
from config.benchmarks.stories import Story, stories
from observability.events import Record
from observability.models import Severity


@pytest.mark.parametrize("story", stories(), ids=lambda story: f"{story.state}-{story.weight}")
def test_each_event_of_a_story_is_in_the_catalogue_and_each_transition_legal(story: Story) -> None:
    for _, source, event_type, severity, text in story.beats:
        context = json.loads(text.replace("{d}", "12.5").replace("{w}", "0.4"))
        Record(
            source=source,
            event_type=event_type,
            severity=Severity(severity),
            at=datetime(2027, 3, 5, tzinfo=UTC),
            context=context,
        )
        if "to" in context:
            assert context["to"] in TRANSITIONS[State(context["from"])]
    assert story.state in FINAL


def test_the_stories_add_up_to_a_hundred() -> None:
    assert sum(story.weight for story in stories()) == 100
