"""The rollout's pages: overview, phase, sign-off, rolling back, incidents and policies."""
