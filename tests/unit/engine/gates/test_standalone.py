"""The rules as one text, run by a Python that knows neither this project nor any package."""

import json
import subprocess
import sys
from pathlib import Path

from assignments.engine.gates import standalone
from assignments.engine.gates.canonical import digest
from assignments.engine.gates.defaults import default_policy
from assignments.engine.gates.looks import Look
from assignments.engine.gates.records import dump
from assignments.engine.gates.rules import Kind
from assignments.engine.gates.verdicts import decide
from tests.unit.engine.gates.builders import given, rule, shares, summed

CASES = [
    (rule(Kind.RATE_AT_LEAST, "0.95", clustered=True), summed(shares((44, 44), (90, 93), (5, 5)))),
    (rule(Kind.RATE_BELOW, "0.01"), given(8, 1243)),
    (rule(Kind.NON_INFERIOR, "0.05"), given(11, 1169, reference_numerator=31)),
    (rule(Kind.QUANTILE_BELOW, "3000"), given(58, 59)),
    (rule(Kind.NOT_HIGHER, "0"), given(5, 100, reference_numerator=1, reference_denominator=100)),
    (rule(Kind.COUNT_BELOW, "1"), given(0)),
]

MAIN = """
import json, sys
cases = json.load(sys.stdin)
look = Look(number=1, open=True)
phase = load(Policy, cases["policy"]).digest()
results = [decide(load(GateRule, a), load(GateInput, b), look) for a, b in cases["cases"]]
print(json.dumps({"policy": phase, "results": [dump(result) for result in results]}))
"""


def test_the_text_alone_comes_to_the_same_results_byte_for_byte(tmp_path: Path) -> None:
    script = tmp_path / "verify.py"
    script.write_text(standalone.source() + MAIN)
    policy = default_policy()
    asked = {"policy": dump(policy), "cases": [[dump(gate), dump(measured)] for gate, measured in CASES]}
    # -I and -S: no site packages, no PYTHONPATH, no current folder.
    answer = subprocess.run(
        [sys.executable, "-I", "-S", str(script)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    look = Look(number=1, open=True)
    expected = [dump(decide(gate, measured, look)) for gate, measured in CASES]
    assert json.loads(answer.stdout) == {"policy": digest(dump(policy)), "results": expected}
