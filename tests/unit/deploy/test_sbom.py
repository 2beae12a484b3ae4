"""The bill of materials says what the lock file says, in CycloneDX's form, and nothing of any machine."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
LOCK = PROJECT / "requirements" / "base.lock"


def told(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, PROJECT / "deploy" / "sbom.py", *arguments]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd="/")


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told().stdout)
    return found


def test_it_names_each_package_of_the_lock_with_its_hashes(bill: dict[str, Any]) -> None:
    pinned = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", LOCK.read_text(), re.MULTILINE)
    assert len(pinned) > 40
    components = bill["components"]
    assert [(part["name"], part["version"]) for part in components] == pinned
    hashes = [part["content"] for component in components for part in component["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", LOCK.read_text()))


def test_it_has_the_form_of_cyclonedx(bill: dict[str, Any]) -> None:
    """What its schema asks: kinds, identifiers that are unique, references that lead somewhere."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    refs = [part["bom-ref"] for part in (bill["metadata"]["component"], *bill["components"])]
    assert len(set(refs)) == len(refs)
    assert all(re.fullmatch(r"pkg:pypi/[a-z0-9-]+@[\w.]+", ref) for ref in refs)
    assert [entry["ref"] for entry in bill["dependencies"]] == refs
    for entry in bill["dependencies"]:
        assert set(entry["dependsOn"]) <= set(refs)
    allowed = {"type", "bom-ref", "name", "version", "purl", "hashes", "scope", "properties"}
    assert all(set(component) <= allowed for component in bill["components"])


def test_who_asks_for_what_can_be_followed_from_the_project(bill: dict[str, Any]) -> None:
    asks_for = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    reached, todo = set(), [bill["metadata"]["component"]["bom-ref"]]
    while todo:
        ref = todo.pop()
        if ref not in reached:
            reached.add(ref)
            todo += asks_for[ref]
    assert reached == set(asks_for)


def test_the_same_lock_gives_the_same_text_and_names_no_machine_and_no_index() -> None:
    first = told().stdout
    assert first == told(LOCK).stdout
    assert "://" not in first.replace("http://cyclonedx.org/schema/bom-1.6.schema.json", "")
    assert str(PROJECT) not in first


def test_a_lock_without_hashes_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("django==5.2\n")
    refused = told(lock)
    assert refused.returncode == 2
    assert "make lock" in refused.stderr
    assert told(tmp_path / "none").returncode == 2
