"""The rules as one text that needs nothing but Python: what a verifier without this project runs.

It is made of the very modules that decide here, in the order of their imports, so that there is one rule
and not two that agree.
"""

import ast
import inspect
from types import ModuleType

from assignments.engine.gates import (
    canonical,
    claims,
    clusters,
    exact_tails,
    guard,
    looks,
    points,
    policy,
    records,
    rules,
    verdicts,
    wording,
)

#: Each imports from those before it only, besides the standard library.
MODULES = (
    canonical, records, wording, exact_tails, clusters, looks, rules, claims, points, verdicts, guard, policy,
)  # fmt: skip

_PACKAGE = "assignments.engine."


def source() -> str:
    """All of MODULES as one module, their imports of each other left out."""
    return "\n\n".join(own_text(module) for module in MODULES)


def own_text(module: ModuleType) -> str:
    """A module's text without what it imports from the engine."""
    text = inspect.getsource(module)
    lines = text.splitlines()
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(_PACKAGE):
            for number in range(statement.lineno - 1, statement.end_lineno or statement.lineno):
                lines[number] = ""
    return "\n".join(lines).strip() + "\n"
