"""Prometheus itself takes the rules, and they fire on traces as they should."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "prometheus"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
@pytest.mark.parametrize(
    "command",
    ["check rules alerts.yml", "check config --syntax-only prometheus.yml", "test rules alerts_test.yml"],
)
def test_promtool_is_content(command: str) -> None:
    ended = subprocess.run(["promtool", *command.split()], cwd=FOLDER, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
