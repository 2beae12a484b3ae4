"""Evidence: what is in a bundle holds, and what was changed in it is found and named."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments import flags
from assignments.engine import evidence, evidence_script
from assignments.engine.evidence import BadBundleError, Findings
from assignments.engine.phases import PhaseKey, Role
from assignments.models import Remark
from assignments.rollout import remarks
from tests.factories import NOW, RestaurantFactory
from tests.integration.assignments.rollout.bundles import exported, held
from tests.integration.assignments.rollout.people import person, reach

pytestmark = pytest.mark.django_db

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def written(django_db_setup: None, django_db_blocker: Any) -> bytes:
    """Of a phase with figures, two looks, and a decision to hold that was signed. Its rows are gone."""
    with (
        django_db_blocker.unblock(),
        override_settings(FEATURE_ASSIGNMENT_PIPELINE_V3=None),
        transaction.atomic(),
    ):
        flags.forget()
        for _ in range(10):
            RestaurantFactory()
        content, _ = exported(held())
        transaction.set_rollback(True)
    return content


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


def test_whatever_was_pasted_into_a_note_the_chain_is_read_line_by_line(
    ten_restaurants: list[object],
) -> None:
    phase = reach(PhaseKey.STAGING_FULL)
    said = "as said\u2028on\u2029the\x85phone"
    remarks.write(phase=phase, kind=Remark.Kind.NOTE, text=said, user=person(Role.ON_CALL), now=NOW)
    found = evidence.verify(exported(phase)[0])
    assert found.holds, places(found)


def test_cells_that_spreadsheets_would_run_are_escaped(written: bytes) -> None:
    content = unpacked(written)["metrics.csv"].decode()
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
