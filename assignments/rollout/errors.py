"""Why a step of the rollout is refused. Each says what was wrong and the way out."""

from enum import StrEnum


class Code(StrEnum):
    """What kind of refusal it is, for pages and tests; people read the sentence."""

    NO_PHASE = "no_phase"
    PHASE_OPEN = "phase_open"
    PHASE_LEFT = "phase_left"
    SKIPPED = "skipped"
    WRONG_ENVIRONMENT = "wrong_environment"
    NO_EVIDENCE = "no_evidence"
    PINNED = "pinned"
    KILLED = "killed"
    FLAGS = "flags"
    LIMIT = "limit"
    SOAK = "soak"
    ALREADY_SIGNED_OFF = "already_signed_off"
    SIGN_OFF_OPEN = "sign_off_open"
    SIGN_OFF_CLOSED = "sign_off_closed"
    STALE = "stale"
    CHANGED = "changed"
    NOT_PASSED = "not_passed"
    INCIDENT_OPEN = "incident_open"
    CHECKLIST_OPEN = "checklist_open"
    NO_RIGHT = "no_right"
    NOT_ASKED = "not_asked"
    SIGNED_ALREADY = "signed_already"
    OWN_PROPOSAL = "own_proposal"
    OWN_POLICY = "own_policy"
    OTHER_EVIDENCE = "other_evidence"
    PASSWORD = "password"  # noqa: S105 - a refusal
    INCOMPLETE = "incomplete"
    NOT_UNSETTLED = "not_unsettled"
    UNEXPLAINED = "unexplained"
    BAD_POLICY = "bad_policy"
    UNKNOWN = "unknown"


class RolloutError(ValueError):
    """A step that is refused and has changed nothing; `code` tells which rule, the text the way out."""

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
