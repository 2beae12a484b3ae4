"""Writes a phase's evidence as a zip file whose contents the rollout's chain binds."""

import hashlib
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from django.db import transaction

from assignments.engine import evidence
from assignments.flags.authors import Author
from assignments.models import Phase
from assignments.rollout import ledger
from assignments.rollout.evidence import contents, report

#: Every file bears this time: the same evidence gives the same bytes.
_EPOCH = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A bundle's name, and the head of the chain that whoever imports it is asked for."""

    name: str
    chain_head: str


def write(phase: Phase, file: IO[bytes], *, by: Author, now: datetime) -> Written:
    """Write the bundle of a phase, under way or over, and record that it was written.

    Everything but the chain is read first; the chain's lock is held only for the record of this export,
    which names the digest of every file, and for the chain itself.
    """
    looks = contents.looks_of(phase)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        digests = {name: _add(bundle, name, text) for name, text in contents.files(phase, looks, until=now)}
        for name, text in report.files(phase, looks, now=now):
            digests[name] = _add(bundle, name, text)
        with transaction.atomic():
            body = {"phase": phase.number, "files": digests}
            entry = ledger.append(evidence.EXPORTED, body, phase=phase, by=by, now=now)
            chain = _add(bundle, evidence.CHAIN, contents.chain())
        manifest = {
            "format": evidence.FORMAT,
            "environment": phase.environment,
            "phase": phase.key,
            "number": phase.number,
            "written_at": contents.instant(now),
            "chain_head": entry.digest,
            "files": {**digests, evidence.CHAIN: chain},
        }
        _add(bundle, evidence.MANIFEST, [json.dumps(manifest, indent=1, sort_keys=True)])
    return Written(name=name_of(phase, now), chain_head=entry.digest)


def name_of(phase: Phase, now: datetime) -> str:
    """The file's name: environment, phase, stay and day."""
    return f"evidence-{phase.environment}-{phase.key}-{phase.number}-{now:%Y%m%d-%H%M}.zip"


def _add(bundle: zipfile.ZipFile, name: str, text: Iterable[str]) -> str:
    """Write a file bit by bit; return its SHA-256."""
    digest = hashlib.sha256()
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    with bundle.open(entry, "w", force_zip64=True) as file:
        for part in text:
            content = part.encode()
            digest.update(content)
            file.write(content)
    return digest.hexdigest()
