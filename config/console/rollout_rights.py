"""Rights that the rollout's pages ask for, and the explorer where it takes a phase."""

SEE = "assignments.view_phase"
PROPOSE = "assignments.propose_phase"
ROLL_BACK = "assignments.roll_back"
WORK = "assignments.work_rollout"
OVERRIDE = "assignments.override_gate"
EDIT_POLICY = "assignments.edit_policy"
