"""What the documents name is there: pages, anchors, commands, targets, variables, events, files."""

import argparse
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from assignments.stuck.causes import Cause
from bookings.models import WebhookEvent
from bookings.models.webhooks import TEST_EVENT
from bookings.states import TRANSITIONS
from config.variables import VARIABLES
from observability.alerts.policy import RULES
from observability.events import CATALOGUE, COORDINATOR
from tests.unit.docs.pages import PAGES, PROJECT, anchors, code_lines, links, named, spans, text_of

EVENTS = frozenset(event for events in CATALOGUE.values() for event in events)
NAMESPACES = frozenset(event.split(".")[0] for event in EVENTS)

#: Names of other things that begin like events: types of webhooks, spans of traces, files.
LIKE_EVENTS = {
    *WebhookEvent.values,
    TEST_EVENT,
    "alert.firing",
    "booking.receive",
    "mail.send",
    "booking.ics",
}

#: What a document makes up to explain something, or what others named.
EXAMPLES = {"assignments/engine/strategies/quiet_corner.py", "PR_SET_PDEATHSIG"}

FOLDERS = (
    "assignments",
    "bookings",
    "config",
    "deploy",
    "docs",
    "observability",
    "static",
    "templates",
    "tests",
)

each_page = pytest.mark.parametrize("page", PAGES, ids=named)


@each_page
def test_links_lead_to_files_and_anchors_that_are_there(page: Path) -> None:
    dead = []
    for file, anchor in links(page):
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(f"{file}#{anchor}")
    assert dead == []


@each_page
def test_commands_have_the_actions_and_options_that_are_named(page: Path) -> None:
    assert [fault for line in code_lines(page) for fault in _faults(line)] == []


@each_page
def test_make_targets_are_in_the_makefile(page: Path) -> None:
    wanted = {target for line in code_lines(page) for target in re.findall(r"\bmake ([a-z][a-z-]*)", line)}
    assert wanted - _targets() == set()


@each_page
def test_names_in_capitals_are_variables_or_stand_in_the_code(page: Path) -> None:
    """A span such as `SECRET_KEY` or `SEEDS=3`; constants of the code count, invented names do not."""
    found = {
        m[1] for span in spans(page) if (m := re.match(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=.*)?$", span))
    }
    assert found - VARIABLES.keys() - _names_in_code() - EXAMPLES == set()


@each_page
def test_event_types_are_in_the_catalogue(page: Path) -> None:
    named_so = {span for span in spans(page) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", span)}
    assert {name for name in named_so if name.split(".")[0] in NAMESPACES} - EVENTS - LIKE_EVENTS == set()


@each_page
def test_files_of_the_project_are_where_they_are_said_to_be(page: Path) -> None:
    paths = {span for span in spans(page) if re.fullmatch(rf"({'|'.join(FOLDERS)})/[\w./-]+", span)}
    assert {path for path in paths if not (PROJECT / path).exists()} - EXAMPLES == set()


def test_each_document_is_in_the_index() -> None:
    index = PROJECT / "docs" / "README.md"
    linked = {(index.parent / file).resolve() for file, _anchor in links(index) if file}
    wanted = {page for page in PAGES if page.parent == index.parent and page != index}
    assert {named(page) for page in wanted - linked} == set()


def test_the_runbook_has_a_section_for_each_alert_cause_and_coordinator_event() -> None:
    wanted = {rule.key for rule in RULES} | set(Cause) | {"mail_unknown"} | CATALOGUE[COORDINATOR].keys()
    assert wanted - anchors(PROJECT / "docs" / "runbook.md") == set()


def test_each_alert_has_its_row_among_the_rules() -> None:
    rows = set(re.findall(r"^\| (\w+) \|", text_of(PROJECT / "docs" / "alerts.md"), re.MULTILINE))
    assert {rule.key for rule in RULES} - rows == set()


def test_the_picture_of_the_states_has_their_transitions_and_no_other() -> None:
    drawn = re.findall(r"^  (\w+) --> (\w+)", text_of(PROJECT / "docs" / "architecture.md"), re.MULTILINE)
    legal = {(str(start), str(end)) for start, ends in TRANSITIONS.items() for end in ends}
    assert {pair for pair in drawn if pair[0] in map(str, TRANSITIONS)} == legal


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z][a-z-]*):", text_of(PROJECT / "Makefile"), re.MULTILINE))


@cache
def _names_in_code() -> frozenset[str]:
    """Words in capitals of the Python files and the Makefile, these tests' own left out."""
    files = [file for folder in FOLDERS for file in (PROJECT / folder).rglob("*.py")]
    texts = [file.read_text(encoding="utf-8") for file in files if file.parent != Path(__file__).parent]
    words = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
    return frozenset(word for text in [*texts, text_of(PROJECT / "Makefile")] for word in words.findall(text))


def _faults(line: str) -> Iterator[str]:
    """Commands, actions and options of one line that `manage.py` does not have."""
    for name, rest in re.findall(r"manage\.py ([a-z_]+)((?:(?!manage\.py)[^|;>])*)", line):
        if name not in get_commands():
            yield f"manage.py {name}"
            continue
        actions, options = _known(name)
        words = rest.split()
        if actions and words and re.fullmatch(r"[a-z-]+", words[0]) and words[0] not in actions:
            yield f"manage.py {name} {words[0]}"
        yield from (f"{name} {o}" for o in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest) if o not in options)


@cache
def _known(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """The actions and options of a command, those of its actions included."""
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    parser = command.create_parser("manage.py", name)
    actions: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            actions |= action.choices
    options = {option for known in (parser, *actions.values()) for option in known._option_string_actions}
    return frozenset(actions), frozenset(options)
