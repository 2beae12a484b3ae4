"""Prints the software bill of materials of what a deployment installs, as CycloneDX 1.6 in JSON.

Usage: sbom.py [LOCK]. Reads requirements/base.lock and nothing else, so the same lock gives the same text on
any machine: packages with version and hashes, and which of them asks for which.
"""

import json
import re
import sys
import tomllib
import uuid
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
_PINNED = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+))?"
)
_HASH = re.compile(r"--hash=sha256:(?P<hash>[0-9a-f]{64})")
_ASKED_FOR_BY = re.compile(r"^    #(?: via|  ) +(?P<name>[\w.-]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One pinned package; `marker` says where it is needed if not everywhere."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    asked_for_by: tuple[str, ...]

    @property
    def ref(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def packages(lock: str) -> list[Package]:
    """The packages of a lock file. Raises ValueError for what is not pinned or has no hashes."""
    found = []
    for entry in re.split(r"\n(?=[^\s#])", re.sub(r"\A(?:#.*\n|\s*\n)*", "", lock).rstrip()):
        pinned = _PINNED.match(entry)
        hashes = tuple(_HASH.findall(entry))
        if pinned is None or not hashes:
            raise ValueError(
                f"{entry.splitlines()[0]!r} is not NAME==VERSION with hashes; make the lock anew: make lock"
            )
        by = tuple(match["name"] for line in entry.splitlines() if (match := _ASKED_FOR_BY.match(line)))
        found.append(
            Package(
                name=re.sub(r"[-_.]+", "-", pinned["name"]).lower(),
                version=pinned["version"],
                marker=(pinned["marker"] or "").strip(),
                hashes=hashes,
                asked_for_by=by,
            )
        )
    return found


def bill(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """The bill of materials of a project (the table of its pyproject) with this lock."""
    found = packages(lock)
    itself = f"pkg:pypi/{project['name']}@{project['version']}"
    # A package may be pinned twice, each for some versions of Python.
    refs_of = defaultdict(list, {project["name"]: [itself]})
    for package in found:
        refs_of[package.name].append(package.ref)
    asks_for: dict[str, set[str]] = defaultdict(set)
    for package in found:
        for asker in (ref for name in package.asked_for_by for ref in refs_of[name]):
            asks_for[asker].add(package.ref)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # Of the content, so that an unchanged lock is an unchanged bill.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, itself + lock)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": itself,
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [_component(package) for package in found],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(asks_for[ref])} for ref in (itself, *(p.ref for p in found))
        ],
    }


def _component(package: Package) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.ref,
        "name": package.name,
        "version": package.version,
        "purl": package.ref,
        "hashes": [{"alg": "SHA-256", "content": content} for content in package.hashes],
    }
    if package.marker:
        component["scope"] = "optional"
        component["properties"] = [{"name": "python:marker", "value": package.marker}]
    return component


def main(lock: Path) -> int:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    try:
        found = bill(lock.read_text(encoding="utf-8"), project)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "requirements" / "base.lock"))
