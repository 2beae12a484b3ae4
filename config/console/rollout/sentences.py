"""What the phase page says first: what is blocked, why, and what would unblock it. Pure words.

Whoever reads nothing but this sentence and its conditions should know what to do next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assignments.engine.gates.rules import Verdict
from assignments.engine.gates.wording import bookings

#: Small numbers as words, as people write them at the start of a sentence.
_WORDS: Final = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")

#: How many names a sentence lists before it says "and N more".
_MOST_NAMES = 3

_UNREADABLE = frozenset({Verdict.ERROR, Verdict.STALE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One gate as the sentence needs it; `needed` clean bookings would settle it, where that is a number."""

    title: str
    verdict: Verdict
    needed: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """The open sign-off: what it decides, and who signed of those it takes."""

    decision: str
    signed: int
    missing: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """All that holds a phase or lets it go on.

    `earliest` is when it can be decided at the earliest, in words; empty if that depends on bookings alone
    or is now. `next_title` is empty after the last phase of an environment; `back_title` is where a
    rollback leads. `obstacles` are sentences on what would keep going on from taking effect.
    """

    gates: Sequence[Gate]
    earliest: str
    incidents: Sequence[str]
    open_items: int
    items: int
    signers: Sequence[str]
    signing: Signing | None
    next_title: str
    back_title: str
    obstacles: Sequence[str] = ()
    completed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Headline:
    """The verdict sentence, and the line under it with what would change it."""

    tone: str
    icon: str
    says: str
    then: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """One thing that has to be so: whether it is, and what would make it so."""

    met: bool
    says: str
    way_out: str = ""


def headline(standing: Standing) -> Headline:
    """The first of these that applies: failed, incident, not readable, not settled, checklist, then ready."""
    failed = _of(standing, Verdict.FAIL)
    if failed:
        return _critical(
            f"Blocked. {_gates(failed)} failed: {_listed(failed)}.",
            f"A failed gate cannot be overridden. Roll back to {standing.back_title}, or find the cause and "
            "hold until the figures are on the right side.",
        )
    if standing.incidents:
        return _critical(
            f"Blocked. {_open(standing.incidents)}.",
            "Nothing goes on while a P0 or P1 is open. Close it with its resolution, or roll back to "
            f"{standing.back_title}.",
        )
    unsettled = [gate for gate in standing.gates if gate.verdict is not Verdict.PASS]
    if unsettled:
        return Headline(
            tone="watch",
            icon="half",
            says=f"Hold. {_gates(unsettled, 'is', 'are')} not settled, none has failed.",
            then=_what_settles(standing, unsettled),
        )
    return _all_pass(standing)


def conditions(standing: Standing, *, evidence: str = "") -> list[Condition]:
    """Everything that going on takes, met or not, each with its way out."""
    return [
        _gates_condition(standing),
        Condition(
            met=not standing.incidents,
            says=f"{_open(standing.incidents)}" if standing.incidents else "No open P0 or P1 incident",
            way_out="Close it with its resolution." if standing.incidents else "",
        ),
        Condition(
            met=not standing.open_items,
            says=f"Checklist, {standing.items - standing.open_items} of {standing.items} ticked",
            way_out="Tick what is seen to on the page of the phase." if standing.open_items else "",
        ),
        *(Condition(met=False, says=obstacle) for obstacle in standing.obstacles),
        Condition(
            met=bool(standing.signing),
            says="Proposed" if standing.signing else "Not proposed yet",
            way_out=evidence if standing.signing else "Somebody who will not sign proposes it.",
        ),
    ]


def _all_pass(standing: Standing) -> Headline:
    if standing.completed:
        return Headline(
            tone="good", icon="ok", says="Signed off.", then="Nothing follows in this environment."
        )
    if standing.obstacles:
        return Headline(
            tone="watch",
            icon="warn",
            says="Hold. Every gate passes, but going on would not take effect.",
            then=" ".join(standing.obstacles),
        )
    if standing.signing:
        return Headline(tone="good", icon="ok", says=_waiting(standing.signing), then=_missing(standing))
    if standing.open_items:
        return Headline(
            tone="watch",
            icon="half",
            says=f"Hold. Every gate passes, {_items(standing.open_items)} of the checklist "
            f"{_is(standing.open_items)} open.",
            then="Tick what is seen to, then propose to go on.",
        )
    aim = f"to {standing.next_title}" if standing.next_title else "signing the phase off"
    signers = f"Then {_names(standing.signers)} sign." if standing.signers else ""
    return Headline(
        tone="good",
        icon="ok",
        says="Ready. Every gate passes and nothing blocks.",
        then=f"Somebody who will not sign proposes going on {aim}. {signers}".replace(
            "on signing", "by signing"
        ),
    )


def _what_settles(standing: Standing, unsettled: Sequence[Gate]) -> str:
    parts = [f"Earliest decision {standing.earliest}."] if standing.earliest else []
    unreadable = [gate for gate in unsettled if gate.verdict in _UNREADABLE]
    if unreadable:
        parts.append(f"{_listed(unreadable)} cannot be judged: see what the gate says.")
    empty = [gate for gate in unsettled if gate.verdict is Verdict.NO_DATA]
    if empty:
        parts.append(f"{_listed(empty)} {_has(len(empty))} no data yet.")
    slowest = max(
        (gate for gate in unsettled if gate.needed), key=lambda gate: gate.needed or 0, default=None
    )
    if slowest is not None:
        parts.append(f"{bookings(slowest.needed or 0)} settle {slowest.title}.")
    if standing.signing:
        signed = f"{standing.signing.signed} of {len(standing.signers)} signed"
        parts.append(f"{signed} for {_what(standing.signing)}.")
    elif standing.signers:
        parts.append(f"0 of {len(standing.signers)} signed.")
    return " ".join(parts)


def _gates_condition(standing: Standing) -> Condition:
    held = [gate for gate in standing.gates if gate.verdict is not Verdict.PASS]
    if not held:
        return Condition(met=True, says=f"All {len(standing.gates)} gates pass")
    return Condition(met=False, says=f"{len(held)} of {len(standing.gates)} gates not PASS: {_listed(held)}")


def _waiting(signing: Signing) -> str:
    total = signing.signed + len(signing.missing)
    return f"Waiting for signatures. {signing.signed} of {total} signed for {_what(signing)}."


def _what(signing: Signing) -> str:
    return {"proceed": "going on", "hold": "holding"}.get(signing.decision, "rolling back")


def _missing(standing: Standing) -> str:
    if standing.signing is None or not standing.signing.missing:
        return "Everybody has signed; it is being decided."
    aim = f", and {standing.next_title} begins" if standing.next_title else ""
    aim = aim if standing.signing.decision == "proceed" else ""
    return f"Still to sign: {_names(standing.signing.missing)}. The last signature decides{aim}."


def _of(standing: Standing, verdict: Verdict) -> list[Gate]:
    return [gate for gate in standing.gates if gate.verdict is verdict]


def _critical(says: str, then: str) -> Headline:
    return Headline(tone="critical", icon="bad", says=says, then=then)


def _open(incidents: Sequence[str]) -> str:
    return f"{_names(incidents)} {_is(len(incidents))} open"


def _gates(gates: Sequence[Gate], one: str = "has", many: str = "have") -> str:
    return (
        f"{number_word(len(gates))} gate{'' if len(gates) == 1 else 's'} {one if len(gates) == 1 else many}"
    )


def _items(count: int) -> str:
    return f"{count} item{'' if count == 1 else 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


def _listed(gates: Sequence[Gate]) -> str:
    return _names([gate.title for gate in gates])


def _names(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c", and from four on "a, b, c and 2 more"."""
    shown = list(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        return f"{', '.join(shown)} and {len(names) - _MOST_NAMES} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def number_word(count: int) -> str:
    """`Three`; figures from eleven on."""
    return _WORDS[count] if count < len(_WORDS) else str(count)
