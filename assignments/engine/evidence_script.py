"""The text of the verifier that runs alone: the rules, the checks and a command line, in one file."""

from assignments.engine import evidence
from assignments.engine.gates import standalone

_HEAD = '''#!/usr/bin/env python3
"""Checks an evidence bundle of a rollout. Needs Python 3.11 or newer and nothing else.

    python verify_evidence.py BUNDLE.zip [CHAIN_HEAD]

Exit status: 0 if everything holds, 1 if something does not, 2 if the file is no bundle.
Written by `manage.py verify_evidence --stand-alone`; do not edit.
"""

# mypy: ignore-errors

'''

_FOOT = """

def _main(arguments):
    import sys

    if not 1 <= len(arguments) <= 2:
        print("usage: verify_evidence.py BUNDLE.zip [CHAIN_HEAD]", file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as file:
            found = verify(file.read(), chain_head=arguments[1] if arguments[1:] else None)
    except (OSError, BadBundleError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 2
    print("\\n".join(report_of(found)))
    return 0 if found.holds else 1


if __name__ == "__main__":
    import sys

    sys.exit(_main(sys.argv[1:]))
"""


def text() -> str:
    """The whole file."""
    return _HEAD + standalone.source() + "\n\n" + standalone.own_text(evidence) + _FOOT
