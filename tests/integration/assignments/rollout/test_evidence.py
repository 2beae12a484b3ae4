"""Evidence: what is in a bundle holds, what was changed in it is found and named, and imports need both."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.engine import evidence, evidence_script
from assignments.engine.evidence import BadBundleError, Findings
from assignments.engine.gates.defaults import default_policy
from assignments.engine.phases import PhaseKey, Role
from assignments.flags.services import Author
from assignments.models import Decision, ImportedEvidence, Phase, Remark, SignOffEnd
from assignments.rollout import policies, remarks, rights, rollback, signoffs
from assignments.rollout.errors import RolloutError
from assignments.rollout.evidence import bundle, imports
from assignments.rollout.gates import looking
from tests.factories import NOW
from tests.integration.assignments.rollout import happenings
from tests.integration.assignments.rollout.people import person, reach, sign_by_all, tick_all

pytestmark = pytest.mark.django_db

Files = dict[str, bytes]
PO = Author(name="eve")
HOUR = timedelta(hours=1)


@pytest.fixture
def phase(ten_restaurants: list[object]) -> Phase:
    """A phase with figures, two looks, and a decision to hold that was signed."""
    entered = reach(PhaseKey.STAGING_FULL)
    for restaurant in range(1, 7):
        happenings.outcomes(restaurant, at=NOW - HOUR, confirmed=60, reviewed=1)
    looking.take_if_due(now=NOW)
    tick_all(entered)
    snapshot = looking.take(entered, NOW + HOUR)
    sign_off = signoffs.propose(
        phase=entered,
        snapshot=snapshot,
        decision=Decision.HOLD,
        reason="=HYPERLINK(1)",
        by=person("engineering manager", name="proposer"),
        now=NOW + HOUR,
    )
    sign_by_all(sign_off, now=NOW + HOUR)
    return entered


@pytest.fixture
def written(phase: Phase) -> bytes:
    return write(phase)


def write(phase: Phase) -> bytes:
    file = io.BytesIO()
    bundle.write(phase, file, by=PO, now=NOW + 2 * HOUR)
    return file.getvalue()


def unpacked(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def sealed(files: Files) -> bytes:
    """Packed with a manifest that fits, as a forger would."""
    manifest = json.loads(files[evidence.MANIFEST])
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256(files[name]).hexdigest()
    return packed(files | {evidence.MANIFEST: json.dumps(manifest).encode()})


def edited(files: Files, name: str, change: Callable[[Any], None]) -> Files:
    value = json.loads(files[name])
    change(value)
    return files | {name: json.dumps(value).encode()}


def places(found: Findings) -> str:
    return "; ".join(str(fault) for fault in found.faults)


def test_a_bundle_holds_and_says_what_it_is(written: bytes) -> None:
    found = evidence.verify(written)
    assert found.holds, places(found)
    assert (found.environment, found.phase, found.signed) == ("local", "staging_full", False)


def test_the_report_and_tables_are_there_and_name_no_guest(written: bytes) -> None:
    files = unpacked(written)
    assert b"## Gates" in files["report.md"]
    assert b"<h2>Sign-off</h2>" in files["report.html"]
    assert b"confirmation_rate" in files["metrics.csv"]
    assert files["outcomes.csv"].count(b"confirmed") == 360
    assert b"Ada Guest" not in b"".join(files.values())


def test_the_head_the_console_shows_is_asked_for(written: bytes) -> None:
    head = json.loads(unpacked(written)[evidence.MANIFEST])["chain_head"]
    assert evidence.verify(written, chain_head=head.upper()).holds
    assert "not at the head that was given" in places(evidence.verify(written, chain_head="0" * 64))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_one_changed_byte_anywhere_is_found(written: bytes, data: st.DataObject) -> None:
    files = unpacked(written)
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name]) - 1))
    content = bytearray(files[name])
    content[place] ^= data.draw(st.integers(1, 255))
    try:
        found = evidence.verify(packed(files | {name: bytes(content)}))
    except BadBundleError:
        return
    # Spaces between a manifest's words, and its date, carry nothing.
    carries = json.loads(content) if name == evidence.MANIFEST else None
    meant = json.loads(files[evidence.MANIFEST])
    same = carries is not None and {**carries, "written_at": 0} == {**meant, "written_at": 0}
    assert same or not found.holds


@pytest.mark.parametrize("name", ["events.csv", "outcomes.csv", "flag_history.json", "report.html"])
def test_a_changed_file_is_found_though_the_manifest_was_made_to_fit(written: bytes, name: str) -> None:
    files = unpacked(written)
    found = evidence.verify(sealed(files | {name: files[name] + b" "}))
    assert "its last record is not the export of these files" in places(found)


def test_a_dropped_row_a_missing_and_an_extra_file_are_named(written: bytes) -> None:
    files = unpacked(written)
    shorter = files | {"outcomes.csv": b"\n".join(files["outcomes.csv"].split(b"\n")[:-2]) + b"\n"}
    assert "outcomes.csv: it was changed" in places(evidence.verify(packed(shorter)))
    without = {name: content for name, content in files.items() if name != "looks.json"}
    assert "looks.json: it is missing" in places(evidence.verify(packed(without)))
    assert "more.txt: it is not in the manifest" in places(evidence.verify(packed(files | {"more.txt": b""})))


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        lambda lines: lines[:2] + lines[3:],
        lambda lines: [*lines[:2], lines[2].replace('"at":"2', '"at":"1', 1), *lines[3:]],
    ],
    ids=["reordered", "dropped", "changed"],
)
def test_the_chain_breaks_where_it_was_tampered_with(
    written: bytes, change: Callable[[list[str]], list[str]]
) -> None:
    files = unpacked(written)
    lines = change(files[evidence.CHAIN].decode().splitlines())
    found = evidence.verify(sealed(files | {evidence.CHAIN: "\n".join(lines).encode()}))
    assert "chain.jsonl record 3" in places(found)


def test_a_verdict_that_does_not_follow_is_named(written: bytes) -> None:
    def better(looks: Any) -> None:
        looks[-1]["results"]["database_latency"]["verdict"] = "PASS"

    found = evidence.verify(sealed(edited(unpacked(written), evidence.LOOKS, better)))
    assert "gate database_latency: its inputs give NO_DATA" in places(found)


def test_inputs_that_were_changed_with_their_verdict_break_the_looks_digest(written: bytes) -> None:
    def fewer(looks: Any) -> None:
        looks[-1]["inputs"]["stuck_bookings"]["numerator"] = 1

    found = evidence.verify(sealed(edited(unpacked(written), evidence.LOOKS, fewer)))
    assert "its digest is not that of its policy, cohort, window and inputs" in places(found)


def test_a_look_that_was_left_out_is_missed(written: bytes) -> None:
    def without(looks: Any) -> None:
        del looks[0]

    found = evidence.verify(sealed(edited(unpacked(written), evidence.LOOKS, without)))
    assert not found.holds
    assert evidence.LOOKS in places(found)


def test_a_signature_that_nobody_gave_is_named(written: bytes) -> None:
    def another(sign_offs: Any) -> None:
        sign_offs[0]["signatures"].append(sign_offs[0]["signatures"][0] | {"role": "product owner"})

    found = evidence.verify(sealed(edited(unpacked(written), evidence.SIGN_OFFS, another)))
    assert "product owner: the chain has no such signature" in places(found)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"], ids=["line", "paragraph", "next_line"])
def test_whatever_was_pasted_into_a_note_the_chain_is_read_line_by_line(phase: Phase, separator: str) -> None:
    remarks.write(
        phase=phase,
        kind=Remark.Kind.NOTE,
        text=f"as said{separator}on the phone",
        user=person(Role.ON_CALL),
        now=NOW,
    )
    found = evidence.verify(write(phase))
    assert found.holds, places(found)


def test_cells_that_spreadsheets_would_run_are_escaped(phase: Phase) -> None:
    content = unpacked(write(phase))["metrics.csv"].decode()
    assert not any(cell[:1] in "=+@" for line in content.splitlines() for cell in line.split(",") if cell)


@pytest.mark.parametrize(
    "content",
    [b"", b"no zip", packed({"manifest.json": b"[]"}), packed({"a": b""})],
    # An archive holds the time it was packed at, and the names of tests must be the same in each worker.
    ids=["nothing", "no zip", "a manifest that is no object", "no manifest"],
)
def test_what_is_no_bundle_is_refused(content: bytes) -> None:
    with pytest.raises(BadBundleError):
        evidence.verify(content)


def test_the_stand_alone_file_is_what_the_command_writes_and_comes_to_the_same(
    written: bytes, tmp_path: Path
) -> None:
    script = project.BASE_DIR / "deploy" / "verify_evidence.py"
    assert script.read_text() == evidence_script.text()
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(written)
    bad.write_bytes(packed(unpacked(written) | {"report.md": b"all is well"}))
    answers = [
        subprocess.run(
            [sys.executable, "-I", "-S", script, path], capture_output=True, text=True, check=False
        )
        for path in (good, bad, tmp_path / "none.zip")
    ]
    assert [answer.returncode for answer in answers] == [0, 1, 2]
    assert answers[0].stdout.splitlines() == list(evidence.report_of(evidence.verify(written)))
    assert "report.md: it was changed" in answers[1].stdout


def test_the_command_tells_by_its_exit_status(
    written: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(written)
    call_command("verify_evidence", str(path))
    assert "everything holds" in capsys.readouterr().out
    path.write_bytes(packed(unpacked(written) | {"report.md": b""}))
    with pytest.raises(SystemExit) as left:
        call_command("verify_evidence", str(path))
    assert left.value.code == 1


def test_only_a_signed_bundle_with_its_head_is_taken_in(phase: Phase, written: bytes) -> None:
    head = json.loads(unpacked(written)[evidence.MANIFEST])["chain_head"]
    for content, given_head in ((written, ""), (written, "0" * 64), (b"no zip", head), (written, head)):
        with pytest.raises(RolloutError):
            imports.take_in(content, chain_head=given_head, by=PO, now=NOW)
    assert not ImportedEvidence.objects.exists()


def signed_off() -> Phase:
    """A phase whose one gate passes, and of which it was signed that it goes on."""
    editor = rights.author_of(person("engineering lead", name="editor"))
    settled = (default_policy().phase("staging_full").gate("confirmation_rate"),)
    policies.edit(PhaseKey.STAGING_FULL, settled, reason="only this", by=editor, now=NOW - timedelta(days=9))
    phase = reach(PhaseKey.STAGING_FULL)
    for restaurant in range(1, 7):
        happenings.outcomes(restaurant, at=NOW - HOUR, confirmed=60)
    tick_all(phase)
    sign_off = signoffs.propose(
        phase=phase,
        snapshot=looking.take(phase, NOW),
        decision=Decision.PROCEED,
        reason="every gate passes",
        by=person("engineering manager", name="proposer"),
        now=NOW,
    )
    assert sign_by_all(sign_off).ended == SignOffEnd.DECIDED
    phase.refresh_from_db()
    return phase


def exported(phase: Phase) -> tuple[bytes, str]:
    """The bundle, and the head that its console shows."""
    file = io.BytesIO()
    head = bundle.write(phase, file, by=PO, now=NOW + HOUR).chain_head
    return file.getvalue(), head


def test_a_signed_bundle_is_taken_in_once(ten_restaurants: list[object]) -> None:
    content, head = exported(signed_off())
    taken = imports.take_in(content, chain_head=head, by=PO, now=NOW)
    assert (taken.phase, taken.chain_head) == ("staging_full", head)
    with pytest.raises(RolloutError, match="already"):
        imports.take_in(content, chain_head=head, by=PO, now=NOW)


def test_a_phase_that_was_rolled_back_after_its_last_signature_is_no_entrance_ticket(
    ten_restaurants: list[object], settings: Any
) -> None:
    """Staging's last phase goes on after it is signed off, and is guarded still."""
    settings.ENVIRONMENT = "staging"
    reach(PhaseKey.STAGING_SHADOW, now=NOW - HOUR)
    phase = signed_off()
    rollback.roll_back(phase=phase, reason="it lost mails", by=PO, now=NOW)
    phase.refresh_from_db()
    content, head = exported(phase)
    assert "was signed off, and rolled back after" in list(evidence.report_of(evidence.verify(content)))
    with pytest.raises(RolloutError, match="rolled back"):
        imports.take_in(content, chain_head=head, by=PO, now=NOW)
