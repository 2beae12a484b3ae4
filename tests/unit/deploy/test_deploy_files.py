"""The files under deploy/ name commands, variables and files that exist, and their entry points run."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from config.variables import VARIABLES

PROJECT = Path(__file__).resolve().parents[3]
DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
INSTALLED_AT = "/opt/table-assignment"
REQUIRED = {name for name, variable in VARIABLES.items() if variable.required_when_deployed}
EXAMPLE = DEPLOY / "production.env.example"


def compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return services


def without_project_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in VARIABLES}


def under_example(*command: str, **more: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [DEPLOY / "with_example_settings.sh", *command],
        cwd=PROJECT,
        env=without_project_variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **more,
    )


# The example of an environment --------------------------------------------------------------------


def test_the_example_names_known_variables_and_every_required_one() -> None:
    names = re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert set(names) <= set(VARIABLES)
    assert set(names) >= REQUIRED


def test_the_example_holds_no_secret() -> None:
    text = EXAMPLE.read_text()
    assert re.search(r"^SECRET_KEY=$", text, re.MULTILINE)
    assert not re.search(r"://[^/\s]*:[^/@\s]*@", text), "an address with a password"


# Container files ----------------------------------------------------------------------------------


def copied() -> list[str]:
    """What the Dockerfile copies from the project."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_the_image_gets_files_that_exist_and_that_its_context_holds() -> None:
    allowed = re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert copied()
    assert all((PROJECT / source).exists() for source in copied())
    assert sorted(copied()) == sorted(allowed)


def test_the_image_holds_every_package_the_imports_go_down_through() -> None:
    packages = {path.parent.name for path in PROJECT.glob("*/apps.py")}
    assert packages <= set(copied())


def test_the_image_runs_under_an_account_without_rights_and_installs_by_hash() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert "useradd --system --uid 10001 " in text
    assert text.rindex("\nUSER 10001\n") > text.rindex("\nRUN ")
    assert "--require-hashes" in text
    lock = (PROJECT / "requirements" / "base.lock").read_text()
    assert len(re.findall(r"^\S+==", lock, re.MULTILINE)) <= lock.count("--hash=sha256:")


def test_compose_runs_commands_that_exist_under_variables_that_exist() -> None:
    for name in ("migrate", "rights", "web", "worker"):
        service = compose()[name]
        assert set(service["environment"]) <= set(VARIABLES)
        assert set(service["environment"]) >= REQUIRED
        if "command" in service:
            _, script, command, *_ = service["command"]
            assert (PROJECT / script).is_file()
            assert command in get_commands()


def test_compose_waits_for_services_that_it_has_and_that_tell_how_they_are() -> None:
    for service in compose().values():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy" and other != "web":  # its image tells
                assert "test" in compose()[other]["healthcheck"]
            assert other in compose()


def test_compose_opens_no_port_beyond_this_machine_and_holds_no_secret() -> None:
    ports = [port for service in compose().values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    for service in compose().values():
        for name, value in service.get("environment", {}).items():
            if "SECRET" in name or "PASSWORD" in name:
                assert str(value).startswith("${"), name


def test_web_and_workers_of_compose_have_database_roles_of_their_own() -> None:
    services = compose()
    user = {
        name: services[name]["environment"]["DATABASE_URL"].split("://")[1].split(":")[0]
        for name in ("migrate", "rights", "web", "worker")
    }
    assert user["migrate"] == user["rights"] == services["postgres"]["environment"]["POSTGRES_USER"]
    made = (DEPLOY / "make_database_roles.sh").read_text()
    for name in ("web", "worker"):
        assert services[name]["depends_on"]["rights"] == {"condition": "service_completed_successfully"}
        assert f"CREATE ROLE {user[name]} LOGIN" in made
    assert len({user["migrate"], user["web"], user["worker"]}) == 3


# Units of systemd ---------------------------------------------------------------------------------


def directives(unit: Path) -> list[tuple[str, str]]:
    found = re.findall(r"^([A-Za-z]+)=(.*)$", unit.read_text(), re.MULTILINE)
    return [(name, value) for name, value in found]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_what_the_project_has(unit: Path) -> None:
    started = [value.split() for name, value in directives(unit) if name == "ExecStart"]
    assert started
    for program, *arguments in started:
        assert program in {f"{INSTALLED_AT}/.venv/bin/{name}" for name in ("python", "gunicorn")}
        if program.endswith("python"):
            assert arguments[0] == "manage.py"
            assert arguments[1] in get_commands()
        else:
            assert (PROJECT / arguments[arguments.index("--config") + 1]).is_file()


def test_stopping_asks_the_main_process_first_and_the_worker_is_watched() -> None:
    web, worker = (dict(directives(DEPLOY / "systemd" / name)) for name in (
        "table-assignment-web.service", "table-assignment-worker@.service"))  # fmt: skip
    assert web["KillMode"] == worker["KillMode"] == "mixed"
    assert worker["Type"] == "notify"
    assert int(worker["WatchdogSec"]) >= 2 * 25, "stopping a cluster takes 25 s, in which nothing is told"
    assert int(worker["TimeoutStopSec"]) > 25


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        # Nothing is installed where the units look for it.
        text = unit.read_text().replace(f"{INSTALLED_AT}/.venv/bin/gunicorn", sys.executable)
        text = text.replace(f"{INSTALLED_AT}/.venv/bin/python", sys.executable)
        (tmp_path / unit.name.replace("@", "@1")).write_text(text)
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir())], capture_output=True, text=True
    )
    faults = [line for line in ended.stderr.splitlines() if "table-assignment" in line]
    assert faults == []


# Entry points -------------------------------------------------------------------------------------


def test_the_web_process_starts_and_the_healthcheck_hears_it() -> None:
    port = free_port()
    bind = f"127.0.0.1:{port}"
    web = under_example(
        sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", bind, "-w", "1"
    )
    try:
        deadline = time.monotonic() + 60
        while (asked := ask(port)).returncode and time.monotonic() < deadline and web.poll() is None:
            time.sleep(0.2)
        assert asked.returncode == 0, asked.stdout
    finally:
        web.terminate()
        output, _ = web.communicate(timeout=40)
    assert web.returncode == 0, output


def test_the_healthcheck_fails_where_nobody_answers() -> None:
    asked = ask(free_port())
    assert asked.returncode == 1
    assert "no answer on port" in asked.stdout


def test_static_files_are_collected_without_any_server(tmp_path: Path) -> None:
    settings = tmp_path / "elsewhere.py"
    settings.write_text(f"from config.settings import *\nSTATIC_ROOT = {str(tmp_path / 'static')!r}\n")
    collecting = subprocess.run(
        [DEPLOY / "with_example_settings.sh", sys.executable, "manage.py", "collectstatic", "--noinput"],
        cwd=PROJECT,
        env=without_project_variables()
        | {"DJANGO_SETTINGS_MODULE": "elsewhere", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert collecting.returncode == 0, collecting.stderr
    assert (tmp_path / "static" / "staticfiles.json").is_file()


def ask(port: int) -> "subprocess.CompletedProcess[str]":
    asking = under_example(sys.executable, "deploy/healthcheck.py", str(port))
    output, _ = asking.communicate(timeout=20)
    return subprocess.CompletedProcess(asking.args, asking.returncode, output, "")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
