"""Checks an evidence bundle offline: its files, its chain of records, and each verdict anew.

Nothing but the standard library and the rules of `gates` is used, so that the same text runs alone
(`gates.standalone`). That a bundle is consistent proves no origin: whoever asks for it compares the head of
the chain with the one the console shows, and the chain binds the digests of all other files.

A bundle is a zip file:

- ``manifest.json``: format, environment, phase, chain head, and the SHA-256 of every other file
- ``chain.jsonl``: every record of the rollout so far, one a line; the last is this export
- ``policies.json``, ``cohort.json``, ``looks.json``, ``sign_offs.json``: what verdicts and signatures rest on
- ``outcomes.csv``: every outcome that the rates of the last look counted
- everything else: for people to read
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assignments.engine.gates.canonical import GENESIS, digest, link
from assignments.engine.gates.looks import Look
from assignments.engine.gates.policy import Phase
from assignments.engine.gates.records import dump, load
from assignments.engine.gates.rules import GateInput, Verdict
from assignments.engine.gates.verdicts import Earned, decide, overall

FORMAT = 1

MANIFEST = "manifest.json"
CHAIN = "chain.jsonl"
POLICIES = "policies.json"
COHORT = "cohort.json"
LOOKS = "looks.json"
SIGN_OFFS = "sign_offs.json"
OUTCOMES = "outcomes.csv"
NEEDED = (CHAIN, POLICIES, COHORT, LOOKS, SIGN_OFFS, OUTCOMES)

#: A bundle that unpacks to more than this is refused unread.
LARGEST = 4 * 1024**3

#: The record that an export adds to the chain, with the digests of the files it packs.
EXPORTED = "evidence.exported"

#: The record of a phase that was taken back.
ROLLED_BACK = "phase.rolled_back"


class BadBundleError(ValueError):
    """A file that is no bundle; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something that does not hold, and where."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What a bundle says of itself, and what of that does not hold.

    `verdict` is that of its last look; `signed` tells whether it was signed that the rollout goes on, and
    `rolled_back` whether the phase was taken back, be it after that.
    """

    environment: str
    phase: str
    number: int
    chain_head: str
    verdict: str
    signed: bool
    rolled_back: bool
    file_digest: str
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        return not self.faults


def verify(content: bytes, *, chain_head: str | None = None) -> Findings:
    """Check a bundle; `chain_head` is the head that its console shows. Raises BadBundleError for others."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            return _verified(bundle, content, chain_head)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, RecursionError) as error:
        raise BadBundleError(f"this is no evidence bundle: {error}") from error


def report_of(found: Findings) -> Iterator[str]:
    """The findings line by line: what it is, what does not hold, and the verdict on the bundle."""
    yield f"{found.environment} {found.phase}, stay {found.number}: verdict {found.verdict}"
    yield f"chain head {found.chain_head}"
    if found.signed:
        yield "was signed off, and rolled back after" if found.rolled_back else "signed off"
    else:
        yield "not signed off"
    yield from (f"does not hold: {fault}" for fault in found.faults)
    yield "everything holds" if found.holds else f"{len(found.faults)} things do not hold"


def _verified(bundle: zipfile.ZipFile, content: bytes, chain_head: str | None) -> Findings:
    if sum(entry.file_size for entry in bundle.infolist()) > LARGEST:
        raise BadBundleError(f"it unpacks to more than {LARGEST:,} bytes")
    manifest = _json(bundle, MANIFEST)
    if manifest["format"] != FORMAT:
        raise BadBundleError(f"format {manifest['format']!r} is not known here, {FORMAT} is")
    faults = list(_faults_of_files(bundle, manifest))
    if not faults:
        faults = [*_faults_of_chain(bundle, manifest, chain_head), *_faults_of_contents(bundle, manifest)]
    names = bundle.namelist()
    looks = _json(bundle, LOOKS) if LOOKS in names else []
    sign_offs = _json(bundle, SIGN_OFFS) if SIGN_OFFS in names else []
    return Findings(
        environment=manifest["environment"],
        phase=manifest["phase"],
        number=manifest["number"],
        chain_head=manifest["chain_head"],
        verdict=looks[-1]["verdict"] if looks else Verdict.NO_DATA.value,
        signed=any(
            (sign_off["decision"], sign_off["ended"]) == ("proceed", "decided") for sign_off in sign_offs
        ),
        rolled_back=not faults and _was_rolled_back(bundle, manifest["number"]),
        file_digest=hashlib.sha256(content).hexdigest(),
        faults=tuple(faults),
    )


def _faults_of_files(bundle: zipfile.ZipFile, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """Each file is there once, unchanged, and no other is."""
    named, found = manifest["files"], bundle.namelist()
    for name in sorted(set(found) - set(named) - {MANIFEST}):
        yield Fault(place=name, problem="it is not in the manifest")
    for name in sorted({name for name in found if found.count(name) > 1}):
        yield Fault(place=name, problem="it is in the bundle twice")
    for name in sorted({*named, *NEEDED}):
        if name not in named or name not in found:
            yield Fault(place=name, problem="it is missing")
        elif _digest(bundle, name) != named[name]:
            yield Fault(place=name, problem="it was changed: its digest is not the manifest's")


def _faults_of_chain(
    bundle: zipfile.ZipFile, manifest: Mapping[str, Any], chain_head: str | None
) -> Iterator[Fault]:
    """Every record follows from the one before, the last is this export, and it binds the files."""
    head, record = GENESIS, dict[str, Any]()
    for number, record in enumerate(_chain(bundle), start=1):
        linked = link(head, {key: value for key, value in record.items() if key != "digest"})
        if record["number"] != number or record["digest"] != linked:
            yield Fault(
                place=f"{CHAIN} record {number}", problem="it was changed, dropped or moved: the chain breaks"
            )
            return
        head = linked
    if manifest["chain_head"] != head:
        yield Fault(place=MANIFEST, problem=f"its chain head is not that of the chain, {head}")
    if chain_head is not None and chain_head.strip().lower() != head:
        yield Fault(place=CHAIN, problem=f"it ends at {head}, not at the head that was given")
    bound = record.get("body", {}).get("files") if record.get("kind") == EXPORTED else None
    files = {name: named for name, named in manifest["files"].items() if name != CHAIN}
    if bound != files:
        yield Fault(place=CHAIN, problem="its last record is not the export of these files")


def _faults_of_contents(bundle: zipfile.ZipFile, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    policies = {raw["digest"]: raw["policy"] for raw in _json(bundle, POLICIES)}
    for named, raw in policies.items():
        if digest(raw) != named:
            yield Fault(place=f"{POLICIES} {named[:12]}", problem="it is not the policy of this digest")
            return
    cohort = _json(bundle, COHORT)
    cohort_digest = None if cohort is None else digest(cohort)
    looks = _json(bundle, LOOKS)
    kept: list[Mapping[str, Any]] = []
    for look in looks:
        yield from _faults_of_look(look, policies, cohort_digest, manifest["number"], kept)
        if look["look"]:
            kept.append(look)
    if looks:
        yield from _faults_of_outcomes(bundle, looks[-1])
    yield from _faults_of_recorded(bundle, looks)
    yield from _faults_of_sign_offs(
        bundle, {look["digest"] for look in looks}, cohort_digest, manifest["number"]
    )


def _faults_of_look(
    look: Mapping[str, Any],
    policies: Mapping[str, Any],
    cohort_digest: str | None,
    number: int,
    kept: list[Mapping[str, Any]],
) -> Iterator[Fault]:
    """The look's digest is over its inputs, and its verdicts follow from them and the looks before it."""
    place = f"{LOOKS} {look['taken_at']}"
    if look["look"] not in (0, len(kept) + 1):
        yield Fault(place=place, problem=f"it is look {look['look']}, after {len(kept)}: one is missing")
    if look["policy"] not in policies:
        yield Fault(place=place, problem="its policy is not in the bundle")
        return
    bound = {
        "phase": number,
        "policy": look["policy"],
        "cohort": cohort_digest,
        "flag_version": look["flag_version"],
        "window": look["window"],
        "look": look["look"],
        "inputs": look["inputs"],
    }
    if digest(bound) != look["digest"]:
        yield Fault(place=place, problem="its digest is not that of its policy, cohort, window and inputs")
    demands = load(Phase, policies[look["policy"]])
    earned = _earned(kept)
    results = []
    for rule in demands.gates:
        given = load(GateInput, look["inputs"][rule.key])
        at = Look(number=len(kept) + 1, open=look["look"] > 0)
        result = decide(rule, given, at, earned.get(rule.key))
        results.append(result)
        if dump(result) != look["results"].get(rule.key):
            yield Fault(
                place=f"{place} gate {rule.key}",
                problem=f"its inputs give {result.verdict}, not what is written",
            )
    if overall(results).value != look["verdict"]:
        yield Fault(place=place, problem=f"its gates together give {overall(results)}, not {look['verdict']}")


def _earned(kept: list[Mapping[str, Any]]) -> dict[str, Earned]:
    """By gate, the first look at which it passed."""
    earned: dict[str, Earned] = {}
    for look in kept:
        for key, result in look["results"].items():
            if result["verdict"] == Verdict.PASS:
                given = load(GateInput, look["inputs"][key])
                earned.setdefault(key, Earned(given=given, look=Look(number=look["look"], open=True)))
    return earned


def _faults_of_outcomes(bundle: zipfile.ZipFile, look: Mapping[str, Any]) -> Iterator[Fault]:
    """The rates of the last look count the outcomes that are listed."""
    rows = list(csv.DictReader(io.StringIO(bundle.read(OUTCOMES).decode())))
    counted = {
        "confirmation_rate": sum(row["outcome"] == "confirmed" for row in rows),
        "review_rate": sum(row["outcome"] == "manual_review" for row in rows),
    }
    for key, hits in counted.items():
        given = look["inputs"].get(key)
        if given and not given["error"] and (given["numerator"], given["denominator"]) != (hits, len(rows)):
            yield Fault(
                place=f"{OUTCOMES} gate {key}",
                problem=f"{hits} of {len(rows)} are listed, "
                f"{given['numerator']} of {given['denominator']} were counted",
            )


def _faults_of_recorded(bundle: zipfile.ZipFile, looks: list[Mapping[str, Any]]) -> Iterator[Fault]:
    """Each due look stands in the chain as it was when it was taken."""
    recorded = {
        entry["body"].get("digest")
        for entry in _chain(bundle)
        if entry["kind"] in {"gate.looked", "gate.ready"}
    }
    for look in looks:
        if look["look"] and look["digest"] not in recorded:
            yield Fault(place=f"{LOOKS} {look['taken_at']}", problem="the chain has no record of this look")


def _faults_of_sign_offs(
    bundle: zipfile.ZipFile, looks: set[str], cohort_digest: str | None, number: int
) -> Iterator[Fault]:
    """What was signed is what the digest is over, on a look that is here; each signature is in the chain."""
    signed = {
        (entry["body"]["sign_off"], entry["body"]["role"], entry["body"]["digest"])
        for entry in _chain(bundle)
        if entry["kind"] == "signoff.signed"
    }
    for sign_off in _json(bundle, SIGN_OFFS):
        place = f"{SIGN_OFFS} {sign_off['id']}"
        bound = {
            "phase": number,
            **{key: sign_off[key] for key in ("decision", "target", "reason", "opened_at", "policy")},
            "cohort": cohort_digest,
            **{key: sign_off[key] for key in ("flag_version", "snapshot", "window")},
            "overrides": [[taken["gate"], taken["reason"]] for taken in sign_off["overrides"]],
        }
        if digest(bound) != sign_off["digest"]:
            yield Fault(place=place, problem="its digest is not that of what was decided")
        if sign_off["snapshot"] not in looks:
            yield Fault(place=place, problem="the look it rests on is not in the bundle")
        for signature in sign_off["signatures"]:
            if (sign_off["id"], signature["role"], signature["digest"]) not in signed:
                yield Fault(place=f"{place} {signature['role']}", problem="the chain has no such signature")


def _chain(bundle: zipfile.ZipFile) -> list[dict[str, Any]]:
    """Every record of the chain. A line ends at a line feed: other separators may stand within a record."""
    return [json.loads(line) for line in bundle.read(CHAIN).decode().removesuffix("\n").split("\n")]


def _was_rolled_back(bundle: zipfile.ZipFile, number: int) -> bool:
    return any((entry["kind"], entry["phase"]) == (ROLLED_BACK, number) for entry in _chain(bundle))


def _json(bundle: zipfile.ZipFile, name: str) -> Any:
    return json.loads(bundle.read(name))


def _digest(bundle: zipfile.ZipFile, name: str) -> str:
    hashed = hashlib.sha256()
    with bundle.open(name) as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()
