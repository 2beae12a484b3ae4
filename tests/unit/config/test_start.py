"""What a person sees who starts the project with a bad environment, and the deployment check."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from config.variables import VARIABLES
from tests.unit.config.conftest import COMPLETE, PROJECT

CHECK_DEPLOY = PROJECT / "tests" / "check_deploy.sh"


def manage(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    unset = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=unset | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_command_does_not_start_with_a_bad_value_and_ends_with_the_way_out() -> None:
    ended = manage("check", **COMPLETE | {"QUEUE_WORKERS": "many"})
    assert ended.returncode != 0
    assert ended.stderr.strip().splitlines()[-1] == (
        "django.core.exceptions.ImproperlyConfigured: "
        "QUEUE_WORKERS: 'many' is not a whole number from 1 to 64. "
        "It is worker processes of one qcluster, 1 to 64. "
        "Set it in the environment or in .env, for example: 3"
    )


def test_the_deployment_check_passes_without_any_server() -> None:
    ended = subprocess.run([CHECK_DEPLOY], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "no issues" in ended.stdout


def test_the_deployment_check_ends_as_the_check_ends(tmp_path: Path) -> None:
    """A stand-in for the interpreter, which fails the check with status 3."""
    (tmp_path / "tests").mkdir()
    shutil.copy(CHECK_DEPLOY, tmp_path / "tests")
    (tmp_path / "deploy").mkdir()
    for name in ("with_example_settings.sh", "production.env.example"):
        shutil.copy(PROJECT / "deploy" / name, tmp_path / "deploy")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@ ${#SECRET_KEY}"; exit 3\n')
    python.chmod(0o755)
    ended = subprocess.run([tmp_path / "tests" / CHECK_DEPLOY.name], capture_output=True, text=True)
    assert ended.returncode == 3
    assert ended.stdout == "manage.py check --deploy --fail-level WARNING 64\n"
