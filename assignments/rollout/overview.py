"""The rollout as it stands, as plain data for `manage.py rollout status`."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import FlagState, Phase, SignOff
from assignments.rollout import checklists, grounds, incidents, ledger, phases, signers


def overview() -> dict[str, Any]:
    """The phase under way with what holds it up, the sign-off that is open, and the chain's head."""
    phase = phases.current()
    state = FlagState.objects.first() or FlagState()
    return {
        "environment": str(settings.ENVIRONMENT),
        "phase": _phase(phase) if phase else None,
        "sign_off": _sign_off(phase) if phase else None,
        "incidents": [str(incident) for incident in incidents.blocking()],
        "flags": {"version": state.version, "killed": state.killed, "max_parallel": state.max_parallel},
        "pinned": {flag: f"{value} {where}" for flag, (value, where) in phases.pinned().items()},
        "chain_head": ledger.head(),
    }


def as_text(shown: dict[str, Any]) -> str:
    """The overview in lines."""
    phase, sign_off = shown["phase"], shown["sign_off"]
    lines = [f"Environment {shown['environment']}"]
    if phase is None:
        lines.append("No phase is under way.")
    else:
        rehearsal = " (REHEARSAL)" if phase["rehearsal"] else ""
        lines.append(f"Phase {phase['number']}: {phase['title']}{rehearsal}, since {phase['entered_at']}")
        lines.append(f"Minimum over: {phase['minimum_until']}; next: {phase['next'] or 'nothing follows'}")
        lines += [f"Gate {gate}: {verdict}" for gate, verdict in phase["held_up_by"].items()]
        lines += [f"Checklist: {text}" for text in phase["checklist_open"]]
    if sign_off is not None:
        missing = ", ".join(sign_off["missing"]) or "nobody"
        lines.append(f"Open sign-off: {sign_off['decision']}; still to sign: {missing}")
    lines += [f"Open: {incident}" for incident in shown["incidents"]]
    flags = shown["flags"]
    killed = ", KILLED" if flags["killed"] else ""
    lines.append(f"Flags version {flags['version']}, {flags['max_parallel']} runs at once{killed}")
    lines += [f"Pinned: {flag} to {where}" for flag, where in shown["pinned"].items()]
    lines.append(f"Chain head {shown['chain_head']}")
    return "\n".join(lines)


def _phase(phase: Phase) -> dict[str, Any]:
    key = PhaseKey(phase.key)
    snapshot = grounds.newest_snapshot(phase)
    following = phases.next_of(phase)
    return {
        "number": phase.number,
        "key": phase.key,
        "title": PHASES[key].title,
        "rehearsal": phases.is_rehearsal(phase),
        "entered_at": phase.entered_at.isoformat(),
        "minimum_until": (phase.entered_at + timedelta(hours=PHASES[key].hours)).isoformat(),
        "restaurants": phase.restaurants,
        "cohort": phase.cohort.label if phase.cohort else None,
        "next": PHASES[following].title if following else None,
        "looked_at": snapshot.taken_at.isoformat() if snapshot else None,
        "held_up_by": {
            gate: verdict.value
            for gate, verdict in (grounds.verdicts_of(snapshot) if snapshot else {}).items()
            if verdict is not Verdict.PASS
        },
        "checklist_open": [item.text for item in checklists.open_items(phase)],
    }


def _sign_off(phase: Phase) -> dict[str, Any] | None:
    pending = SignOff.objects.filter(phase=phase, closed_at__isnull=True).select_related("phase").first()
    if pending is None:
        return None
    return {
        "decision": pending.decision,
        "target": pending.target,
        "missing": [role.value for role in signers.missing_roles(pending)],
        "digest": pending.digest,
    }
