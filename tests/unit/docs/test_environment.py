"""The table of variables says what the settings do: each variable, whether it is needed, its default."""

import ast
import re
from collections.abc import Iterator

from config.variables import VARIABLES
from tests.unit.docs.pages import PROJECT, text_of

_ROW = re.compile(r"^\| `([A-Z0-9_]+)`( \*)? \| (.+?) \| (.+) \|$", re.MULTILINE)
TABLE = text_of(PROJECT / "docs" / "environment.md")
ROWS = {name: (bool(needed), default, meaning) for name, needed, default, meaning in _ROW.findall(TABLE)}


def test_each_variable_has_its_row_with_what_the_settings_say_of_it() -> None:
    declared = {name: (known.required_when_deployed, known.purpose) for name, known in VARIABLES.items()}
    assert {name: (needed, meaning) for name, (needed, _default, meaning) in ROWS.items()} == declared


def test_defaults_are_those_of_the_settings() -> None:
    found = dict(_defaults())
    assert found["QUEUE_WORKERS"] == "3"
    assert {name: ROWS[name][1] for name in found} == {name: f"`{value}`" for name, value in found.items()}


def test_the_example_names_each_variable() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#([A-Z0-9_]+)=", example, re.MULTILINE)) == VARIABLES.keys()


def _defaults() -> Iterator[tuple[str, str]]:
    """Variables read with a default that is written out in the settings."""
    for call in ast.walk(ast.parse((PROJECT / "config" / "settings.py").read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
            name = str(call.args[0].value)
            default = next((word.value for word in call.keywords if word.arg == "default"), None)
            if name in VARIABLES and isinstance(default, ast.Constant):
                yield (
                    name,
                    str(default.value).lower() if isinstance(default.value, bool) else str(default.value),
                )
