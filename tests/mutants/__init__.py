"""Proof that the tests would notice: each protection is removed from a copy of the tree, and tests go red."""
